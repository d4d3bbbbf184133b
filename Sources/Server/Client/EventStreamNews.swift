/// Reads what a server sends to a follower over Server-Sent Events. Sans-I/O.
struct EventStreamNews {
  private var parser: EventStreamParser
  private let server: String
  private let eventBytesMax: Int

  /// - Parameters:
  ///   - server: what the server is called where it is at fault.
  ///   - cursor: what the request resumed after.
  init(from server: String, after cursor: String?, eventBytesMax: Int) {
    parser = EventStreamParser(lastEventID: cursor ?? "", blockBytesMax: eventBytesMax)
    self.server = server
    self.eventBytesMax = eventBytesMax
  }

  /// Reads `bytes`, which may end anywhere.
  mutating func receive(_ bytes: [UInt8]) throws(ClientError) -> [FollowerSignal] {
    var items: [EventStreamItem] = []
    do {
      try parser.receive(bytes.span) { items.append($0) }
    } catch {
      throw .notUnderstood(
        "an event is larger than \(eventBytesMax) bytes, more than this client takes")
    }
    var signals: [FollowerSignal] = []
    for item in items {
      switch item {
      case .comment: break
      case .retry(let milliseconds): signals.append(.retry(milliseconds: milliseconds))
      case .cursor(let text): signals.append(.news(.cursor(text)))
      case .event(let type, let data, let id):
        if type.hasPrefix("fanfare.") {
          signals += try control(type, data)
        } else {
          guard let event = ReceivedEvent(data, cursor: id) else { throw notEvent(type) }
          signals.append(.news(.event(event)))
        }
      }
    }
    return signals
  }

  /// A control message; nothing for one of a later version, which may be passed over.
  private func control(
    _ type: String, _ data: [UInt8]
  ) throws(ClientError) -> [FollowerSignal] {
    switch type {
    case "fanfare.attached":
      guard let objects = JSONFields(data)?.objects("channels") else { throw notEvent(type) }
      let channels = objects.compactMap(AttachedChannel.init)
      guard channels.count == objects.count else { throw notEvent(type) }
      return [.news(.attached(channels))]
    case "fanfare.gap":
      guard let missed = JSONFields(data).flatMap(MissedEvents.init) else { throw notEvent(type) }
      return [.news(.gap(missed))]
    case "fanfare.degraded": return [.news(.degraded)]
    case "fanfare.restored": return [.news(.restored)]
    case "fanfare.bye":
      let fields = JSONFields(data)
      let bye = FollowerSignal.news(.bye(reason: fields?.string("reason") ?? "unknown"))
      guard let retry = fields?.int("retry"), retry >= 0 else { return [bye] }
      return [.retry(milliseconds: retry), bye]
    default: return []
    }
  }

  private func notEvent(_ type: String) -> ClientError {
    .notUnderstood("\(server) sent a \(type) that is not one; is it a Fanfare server?")
  }
}
