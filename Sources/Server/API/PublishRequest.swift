import FanfareActors
import FanfareRuntime

/// The events of one publish request, validated as a whole.
struct PublishRequest: Sendable {
  struct Entry: Sendable {
    let channel: ChannelName
    let draft: Draft
  }

  let entries: [Entry]
  /// One event in a JSON body is answered with one position, lines with a list.
  let isSingle: Bool

  /// Reads a body.
  ///
  /// - Parameter channel: the channel that the path names; else every event names its own.
  init(
    _ body: [UInt8], isNDJSON: Bool, channel: ChannelName?, _ limits: Limits
  ) throws(Problem) {
    isSingle = !isNDJSON
    let span = body.span
    guard isNDJSON else {
      entries = [try Self.entry(span, 0..<body.count, channel, limits, line: nil)]
      return
    }
    var entries: [Entry] = []
    var lines = NDJSONLines()
    while let line = lines.next(in: span) {
      guard entries.count < limits.publishLinesMax else {
        throw Problem(
          413, "too-many-lines",
          "Send at most \(limits.publishLinesMax) events in one request; split the rest.")
      }
      entries.append(try Self.entry(span, line.range, channel, limits, line: line.number))
    }
    guard !entries.isEmpty else {
      throw Problem(422, "empty", "Send at least one event, one JSON object a line.")
    }
    self.entries = entries
  }

  private static func entry(
    _ body: Span<UInt8>, _ range: Range<Int>, _ channel: ChannelName?, _ limits: Limits,
    line: Int?
  ) throws(Problem) -> Entry {
    let place = line.map { "Line \($0): " } ?? ""
    let members: [JSONMember]
    do {
      members = try JSONObjectReader.members(of: body, in: range)
    } catch {
      throw Problem(
        error.isMalformed ? 400 : 422, error.isMalformed ? "bad-json" : "bad-event",
        place + error.description)
    }
    var named: ChannelName?
    var type: EventType?
    var data: Range<Int>?
    for member in members {
      switch member.key {
      case "channel": named = try self.channel(member, body, place)
      case "type": type = try self.type(member, body, place)
      case "data": data = member.value
      default:
        throw Problem(
          422, "bad-event",
          place + "Remove the member \(member.key.prefix(64)); an event has type and data.")
      }
    }
    guard let type else { throw Problem(422, "bad-event", place + "Give the event a type.") }
    guard let data else { throw Problem(422, "bad-event", place + "Give the event data.") }
    guard data.count <= limits.eventDataBytesMax else {
      throw .eventTooLarge(limits, place: place)
    }
    let bytes = body.extracting(data)
    return Entry(
      channel: try target(named, channel, place),
      draft: Draft(type: type, data: [UInt8](bytes)))
  }

  private static func channel(
    _ member: JSONMember, _ body: Span<UInt8>, _ place: String
  ) throws(Problem) -> ChannelName {
    guard member.kind == .string, let name = ChannelName(JSONString.decode(body, member.value))
    else { throw Problem(422, "bad-event", place + "Mend channel: \(ChannelName.rule).") }
    return name
  }

  private static func type(
    _ member: JSONMember, _ body: Span<UInt8>, _ place: String
  ) throws(Problem) -> EventType {
    guard member.kind == .string, let type = EventType(JSONString.decode(body, member.value))
    else { throw Problem(422, "bad-event", place + "Mend type: \(EventType.rule).") }
    return type
  }

  private static func target(
    _ named: ChannelName?, _ fromPath: ChannelName?, _ place: String
  ) throws(Problem) -> ChannelName {
    guard let channel = fromPath ?? named else {
      throw Problem(422, "bad-event", place + "Name the event's channel.")
    }
    if let named, named != channel {
      throw Problem(
        422, "bad-event",
        place + "Name the channel of the path, or none; \(named) is another one.")
    }
    guard !ChannelName.reservedNamespaces.contains(String(channel.namespace)) else {
      throw .reserved(channel, place: place)
    }
    return channel
  }
}

extension Problem {
  static func eventTooLarge(_ limits: Limits, place: String = "") -> Problem {
    Problem(
      413, "event-too-large",
      place + "Send at most \(limits.eventDataBytesMax) bytes of data in an event.")
  }

  static func reserved(_ channel: ChannelName, place: String = "") -> Problem {
    Problem(
      403, "reserved-channel", place + "Channels of \(channel.namespace): are the server's own.")
  }
}

extension [UInt8] {
  /// The bytes of a span.
  init(_ span: Span<UInt8>) {
    self = Octets.array(span, 0..<span.count)
  }
}
