import FanfareActors
import FanfareRuntime

/// Publishes the entries of those channels whose home is one loop, from that loop.
actor OutboxLane {
  nonisolated let unownedExecutor: UnownedSerialExecutor
  private nonisolated let hub: Hub
  private nonisolated let hubLoop: HubLoop
  private let usesKeys: Bool

  init(hub: Hub, hubLoop: HubLoop, usesKeys: Bool) {
    self.hub = hub
    self.hubLoop = hubLoop
    self.usesKeys = usesKeys
    unownedExecutor = hubLoop.unownedExecutor
  }

  nonisolated func isHome(of channel: ChannelName) -> Bool {
    hub.isHome(hubLoop, of: channel)
  }

  /// The numbers of those that are published now, and why others are not.
  func publish(
    _ entries: [OutboxEntry]
  ) async -> (published: [Int64], failure: PublishError?) {
    var published: [Int64] = []
    var failure: PublishError?
    var blocked: Set<ChannelName> = []
    for entry in entries where !blocked.contains(entry.channel) {
      do {
        try await publish(entry)
        published.append(entry.number)
      } catch PublishError.keyMismatch {
        // Another entry was published under its key: this store was lost and begun anew. It can
        // never be published, and must not hold up the others.
        published.append(entry.number)
      } catch {
        // What follows it in its channel waits with it.
        blocked.insert(entry.channel)
        failure = failure ?? error
      }
    }
    return (published, failure)
  }

  private func publish(_ entry: OutboxEntry) async throws(PublishError) {
    let key = usesKeys ? IdempotencyKey(subject: "fanfare.jobs", key: entry.key) : nil
    let draft = Draft(type: entry.type, data: entry.data)
    _ = try await hub.publish([draft], to: entry.channel, key: key)
  }
}
