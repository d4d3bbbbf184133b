/// Checks that what a stream says adds up: every event in order and once, every hole told, and the
/// cursor always where the events are. It knows the channels, the life of each log, and which
/// offsets the stream's filter lets through.
package struct StreamAudit: Sendable {
  package struct Place: Sendable, Equatable {
    /// The offset up to which the follower has been told everything.
    package var last: Int
    package let epoch: String
  }

  package struct Hole: Sendable, Equatable {
    package let channel: String
    package let range: ClosedRange<Int>
  }

  private let channels: [String]
  private let isWanted: @Sendable (Int) -> Bool
  package private(set) var places: [String: Place] = [:]
  /// The offsets of the events seen, in order.
  package private(set) var seen: [String: [Int]] = [:]
  /// The holes told, in order.
  package private(set) var holes: [Hole] = []
  /// Why the server ended the stream.
  package private(set) var byeReason: String?
  /// What broke the promise.
  package private(set) var faults: [String] = []

  /// - Parameter isWanted: whether the filter lets the event at an offset through.
  package init(
    _ attached: AttachedBody, isWanted: @escaping @Sendable (Int) -> Bool = { _ in true }
  ) {
    channels = attached.channels.map(\.channel)
    self.isWanted = isWanted
    for verdict in attached.channels {
      guard let position = Self.place(verdict.position) else {
        faults.append("verdict at \(verdict.position)")
        continue
      }
      places[verdict.channel] = position
    }
  }

  package var missed: Int { holes.reduce(0) { $0 + $1.range.count } }

  /// Reads the next block of a stream with `format=event`, or of one channel with any format.
  package mutating func read(_ block: SSEBlock) throws {
    switch block.event {
    case "fanfare.gap": try readGap(block)
    case "fanfare.bye": byeReason = try block.json(ByeBody.self).reason
    default:
      if block.isEvent {
        try readEvent(block)
      } else if block.isCursor {
        moveAll(to: block.id ?? "", past: nil)
      } else if !block.isComment, block.retry == nil {
        faults.append("\(block)")
      }
    }
  }

  private mutating func readGap(_ block: SSEBlock) throws {
    let gap: VerdictBody = try block.json()
    guard block.id == nil, let from = gap.from.flatMap(Self.place),
      let to = gap.to.flatMap(Self.place), let place = places[gap.channel],
      gap.position == gap.to, from.epoch == place.epoch, to.epoch == place.epoch,
      from.last <= to.last, gap.missed == to.last + 1 - from.last
    else { return faults.append("\(block)") }
    pass(gap.channel, until: from.last, place)
    if from.last <= place.last { faults.append("told missing what was given: \(block)") }
    holes.append(Hole(channel: gap.channel, range: from.last...to.last))
    places[gap.channel]?.last = to.last
  }

  private mutating func readEvent(_ block: SSEBlock) throws {
    let channel = channels.count == 1 ? channels[0] : try block.json(EventBody.self).channel
    guard channels.contains(channel), let id = block.id else { return faults.append("\(block)") }
    let before = places[channel]?.last ?? 0
    moveAll(to: id, past: channel)
    guard let place = places[channel] else { return }
    if place.last <= before { faults.append("\(channel) \(place.last) after \(before)") }
    if !isWanted(place.last) { faults.append("\(channel) \(place.last) was not wanted") }
    seen[channel, default: []].append(place.last)
  }

  /// The cursor moves; what it passes over, but for an event of `channel`, must not be wanted.
  private mutating func moveAll(to cursor: String, past channel: String?) {
    let parts = cursor.split(separator: ",").map { Self.place(String($0)) }
    guard parts.count == channels.count else { return faults.append("cursor \(cursor)") }
    for (name, part) in zip(channels, parts) {
      guard let part, let place = places[name], part.epoch == place.epoch else {
        faults.append("cursor \(cursor) of \(name)")
        continue
      }
      pass(name, until: name == channel ? part.last : part.last + 1, place)
      places[name] = part
    }
  }

  private mutating func pass(_ channel: String, until end: Int, _ place: Place) {
    if end <= place.last { return faults.append("\(channel) from \(place.last) back to \(end)") }
    let lost = (place.last + 1..<end).filter(isWanted)
    if !lost.isEmpty { faults.append("\(channel) lost \(lost)") }
  }

  private static func place(_ position: String) -> Place? {
    let parts = position.split(separator: ".")
    guard parts.count == 2, let last = Int(parts[0]) else { return nil }
    return Place(last: last, epoch: String(parts[1]))
  }
}
