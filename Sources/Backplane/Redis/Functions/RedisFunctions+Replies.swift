import FanfareActors
import FanfareRuntime

/// A publish that Redis has.
package struct Published: Sendable, Equatable {
  /// Of its events, in order. Of an earlier epoch where the publish was made in that.
  package let positions: [Position]
  /// Milliseconds since 1970 in UTC.
  package let timeMilliseconds: Int64
  /// Whether it was made before, under the same key, and nothing was published now.
  package let isRepeated: Bool
}

extension RedisFunctions {
  // MARK: Replies

  /// The reply to ``version()``.
  package static func version(_ reply: RedisValue) throws(FunctionError) -> Int64 {
    guard case .integer(let version) = try refused(reply) else {
      throw .malformed("a version")
    }
    return version
  }

  /// The reply to ``load()``.
  package static func loaded(_ reply: RedisValue) throws(FunctionError) {
    guard case .bytes(let name) = try refused(reply), name.elementsEqual("fanfare".utf8) else {
      throw .malformed("the name of the library")
    }
  }

  /// The reply to ``publish(_:to:key:in:)``.
  package static func published(
    _ reply: RedisValue, count drafts: Int, in channel: ChannelName
  ) throws(FunctionError) -> Published {
    guard case .array(let parts) = try refused(reply), parts.count == 5,
      let first = offset(parts[0]), first > 0, let count = offset(parts[1]),
      count == UInt64(drafts), count > 0, first + count - 1 <= offsetMax,
      let epoch = epoch(parts[2], of: channel), case .integer(let time) = parts[3], time >= 0,
      case .integer(let repeated) = parts[4], (0...1).contains(repeated)
    else { throw .malformed("the positions of \(drafts) events") }
    return Published(
      positions: (first..<(first + count)).map { Position(offset: $0, epoch: epoch) },
      timeMilliseconds: time, isRepeated: repeated == 1)
  }

  /// The reply to ``state(of:in:)``, in the order of the channels.
  package static func states(
    _ reply: RedisValue, of channels: [ChannelName]
  ) throws(FunctionError) -> [LogState] {
    guard case .array(let parts) = try refused(reply), parts.count == channels.count else {
      throw .malformed("the states of \(channels.count) logs")
    }
    var states: [LogState] = []
    states.reserveCapacity(channels.count)
    for (part, channel) in zip(parts, channels) {
      states.append(try state(part, of: channel))
    }
    return states
  }

  /// The reply to ``read(_:from:eventsMax:bytesMax:in:)``.
  ///
  /// - Parameter now: what the events are given as the time of their acceptance.
  package static func page(
    _ reply: RedisValue, of channel: ChannelName, now: MonotonicInstant
  ) throws(FunctionError) -> HistoryPage {
    guard case .array(let parts) = try refused(reply), parts.count == 2,
      case .array(let entries) = parts[1]
    else { throw .malformed("a state and events") }
    let state = try state(parts[0], of: channel)
    var events: [Event] = []
    events.reserveCapacity(entries.count)
    for entry in entries {
      guard case .array(let fields) = entry, fields.count == 4, let offset = offset(fields[0]),
        let type = text(fields[1]).flatMap({ EventType($0) }), case .bytes(let data) = fields[2],
        case .integer(let time) = fields[3], time >= 0, offset >= state.oldest,
        offset <= state.head, events.last.map({ $0.position.offset + 1 == offset }) ?? true
      else { throw .malformed("offset, type, data and time of consecutive events") }
      events.append(
        Event(
          channel: channel, position: Position(offset: offset, epoch: state.epoch), type: type,
          data: data, timeMilliseconds: time, acceptedAt: now))
    }
    return HistoryPage(state: state, events: events)
  }

  /// The reply to ``join(candidate:run:isDurable:mode:defaults:namespaces:)``: the generation, and
  /// whether it took the place of another.
  package static func joined(
    _ reply: RedisValue
  ) throws(FunctionError) -> (generation: Generation, isRaised: Bool) {
    guard case .array(let parts) = try refused(reply), parts.count == 2,
      let generation = text(parts[0]).flatMap({ Generation($0) }),
      case .integer(let raised) = parts[1], (0...1).contains(raised)
    else { throw .malformed("a generation and whether it was raised") }
    return (generation, raised == 1)
  }

  /// The reply to ``raise(from:to:run:)``: the generation that stands now.
  package static func raised(_ reply: RedisValue) throws(FunctionError) -> Generation {
    guard case .array(let parts) = try refused(reply), parts.count == 1,
      let generation = text(parts[0]).flatMap({ Generation($0) })
    else { throw .malformed("a generation") }
    return generation
  }

  /// The reply to ``beat(id:ttl:description:)``: the nodes that are alive, in the order of their
  /// ids.
  package static func nodes(_ reply: RedisValue) throws(FunctionError) -> [NodeRecord] {
    guard case .array(let parts) = try refused(reply) else { throw .malformed("nodes") }
    var nodes: [NodeRecord] = []
    for part in parts {
      guard case .array(let fields) = part, fields.count == 2, let id = text(fields[0]),
        case .bytes(let description) = fields[1]
      else { throw .malformed("the id and description of a node") }
      nodes.append(NodeRecord(id: id, description: description))
    }
    return nodes
  }

  // MARK: Parts

  private static func refused(_ reply: RedisValue) throws(FunctionError) -> RedisValue {
    guard case .error(let text) = reply else { return reply }
    throw FunctionError(reply: text)
  }

  private static func state(
    _ value: RedisValue, of channel: ChannelName
  ) throws(FunctionError) -> LogState {
    guard case .array(let parts) = value, parts.count == 3,
      let epoch = epoch(parts[0], of: channel), let head = offset(parts[1]),
      let oldest = offset(parts[2]), oldest > 0, oldest <= head + 1
    else { throw .malformed("epoch, head and oldest of a log") }
    return LogState(epoch: epoch, head: head, oldest: oldest)
  }

  /// An oldest offset may lie one past the last.
  private static func offset(_ value: RedisValue) -> UInt64? {
    guard case .integer(let number) = value, let offset = UInt64(exactly: number),
      offset <= offsetMax + 1
    else { return nil }
    return offset
  }

  private static func epoch(_ value: RedisValue, of channel: ChannelName) -> Epoch? {
    guard let epoch = text(value).flatMap({ Epoch($0) }), epoch.belongs(to: channel),
      Generation(of: epoch) != nil
    else { return nil }
    return epoch
  }

  private static func text(_ value: RedisValue) -> String? {
    guard case .bytes(let bytes) = value else { return nil }
    return String(validating: bytes, as: UTF8.self)
  }
}
