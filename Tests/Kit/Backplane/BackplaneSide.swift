import FanfareActors
import FanfareRuntime

/// One loop of one node, from which its backplane is asked as a hub asks it: on the home loop of
/// the channel. Pinned to the loop.
package actor BackplaneSide: TimerTarget {
  package nonisolated let unownedExecutor: UnownedSerialExecutor
  package nonisolated let loop: EventLoop
  private let backplane: any Backplane
  private let feed: RecordedFeed
  private var pauses: [Gate] = []

  package init(loop: EventLoop, backplane: any Backplane, feed: RecordedFeed) {
    self.loop = loop
    unownedExecutor = loop.asUnownedSerialExecutor()
    self.backplane = backplane
    self.feed = feed
  }

  package func publish(
    _ drafts: [Draft], to channel: ChannelName, key: PublishKey? = nil
  ) async -> Result<[Position], PublishError> {
    do throws(PublishError) {
      return .success(try await backplane.publish(drafts, to: channel, key: key, on: loop))
    } catch {
      return .failure(error)
    }
  }

  /// Makes all publishes at once, in this order. Returns what each brought.
  package func publishAll(
    _ publishes: [[Draft]], to channel: ChannelName
  ) async -> [Result<[Position], PublishError>] {
    let results = Collected<Result<[Position], PublishError>>(count: publishes.count)
    for (index, drafts) in publishes.enumerated() {
      Task { results.set(await publish(drafts, to: channel), at: index) }
    }
    while results.isWaiting { await pause(.milliseconds(1)) }
    return results.all
  }

  /// Makes a publish that nobody waits for; what it brought goes to `done`.
  package func begin(
    publishing drafts: [Draft], to channel: ChannelName,
    _ done: @escaping @Sendable (Result<[Position], PublishError>) -> Void
  ) {
    Task { done(await publish(drafts, to: channel)) }
  }

  /// Follows, as often as it takes.
  package func begin(following channel: ChannelName) {
    Task {
      while true {
        if (try? await follow(channel)) != nil { return }
        await pause(.milliseconds(20))
      }
    }
  }

  package func follow(_ channel: ChannelName) async throws(PublishError) -> LogState {
    let log = try await backplane.follow(channel, on: loop)
    feed.begin(channel, at: log)
    return log
  }

  package func unfollow(_ channel: ChannelName) {
    backplane.unfollow(channel, on: loop)
    feed.end(channel)
  }

  package func state(of channel: ChannelName) async throws(PublishError) -> LogState {
    try await backplane.state(of: channel, on: loop)
  }

  package func read(
    _ channel: ChannelName, from offset: UInt64, eventsMax: Int, bytesMax: Int
  ) async throws(PublishError) -> HistoryPage {
    try await backplane.read(
      channel, from: offset, eventsMax: eventsMax, bytesMax: bytesMax, on: loop)
  }

  // MARK: Time

  /// Lets the loop do other things for a while, in a simulation too.
  package func pause(_ duration: Duration) async {
    let gate = Gate(on: loop)
    pauses.append(gate)
    _ = loop.schedule(after: duration, self)
    await gate.pass()
  }

  /// Whoever paused looks again whether it is time.
  package nonisolated func timerFired() {
    assumeIsolated { side in
      let gates = side.pauses
      side.pauses = []
      for gate in gates { gate.open() }
    }
  }
}

/// What several tasks bring: to await a task's value would leave the loop.
final class Collected<Value: Sendable>: Sendable {
  private let values: Locked<[Value?]>

  init(count: Int) {
    values = Locked(Array(repeating: nil, count: count))
  }

  func set(_ value: Value, at index: Int) {
    values.withLock { $0[index] = value }
  }

  var isWaiting: Bool { values.withLock { $0.contains { $0 == nil } } }
  var all: [Value] { values.withLock { $0.compactMap { $0 } } }
}
