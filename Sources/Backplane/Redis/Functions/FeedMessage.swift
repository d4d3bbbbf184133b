import FanfareActors
import FanfareRuntime

/// What one publish told the nodes: its events, on the feed of their channel.
///
/// Anyone who may publish in Redis can send a payload, so every byte of it is checked.
package struct FeedMessage: Sendable, Equatable {
  /// The longest first line: five numbers and names, and the spaces between.
  private static let lineBytesMax = 96
  /// The longest line before an event's data: a type and a number.
  private static let headBytesMax = 128 + 1 + 16

  package let generation: Generation
  /// Of the first event; the others follow it.
  package let first: Position
  /// Of all events. Milliseconds since 1970 in UTC.
  package let timeMilliseconds: Int64
  /// At least one.
  package let drafts: [Draft]

  /// Reads the payload of a message in the feed of `channel`.
  package init(_ payload: [UInt8], in channel: ChannelName) throws(FunctionError) {
    var reader = LineReader(payload)
    guard let line = reader.line(bytesMax: Self.lineBytesMax) else {
      throw .malformed("the first line of a message")
    }
    let words = line.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
    guard words.count == 5,
      let generation = Generation(String(decoding: words[0], as: UTF8.self)),
      let epoch = Epoch(String(decoding: words[1], as: UTF8.self)), epoch.belongs(to: channel),
      Generation(of: epoch) == generation, let first = LineReader.number(words[2]), first > 0,
      let time = LineReader.number(words[3]), let count = LineReader.number(words[4]),
      (1...UInt64(RedisFunctions.eventsPerPublishMax)).contains(count),
      first + count - 1 <= RedisFunctions.offsetMax
    else { throw .malformed("generation, epoch, offset, time and count of a message") }
    var drafts: [Draft] = []
    for _ in 0..<count { drafts.append(try Self.draft(&reader)) }
    guard reader.isAtEnd else { throw .malformed("the end of a message") }
    self.generation = generation
    self.first = Position(offset: first, epoch: epoch)
    timeMilliseconds = Int64(time)
    self.drafts = drafts
  }

  private static func draft(_ reader: inout LineReader) throws(FunctionError) -> Draft {
    guard let head = reader.line(bytesMax: headBytesMax) else {
      throw .malformed("the line of an event")
    }
    let words = head.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
    guard words.count == 2, let type = EventType(String(decoding: words[0], as: UTF8.self)),
      let count = LineReader.number(words[1]), let data = reader.block(bytes: count)
    else { throw .malformed("type and data of an event") }
    return Draft(type: type, data: data)
  }

  /// The events that it tells of.
  ///
  /// - Parameter now: what they are given as the time of their acceptance.
  package func events(in channel: ChannelName, now: MonotonicInstant) -> [Event] {
    drafts.indices.map { index in
      Event(
        channel: channel,
        position: Position(offset: first.offset + UInt64(index), epoch: first.epoch),
        type: drafts[index].type, data: drafts[index].data, timeMilliseconds: timeMilliseconds,
        acceptedAt: now)
    }
  }
}
