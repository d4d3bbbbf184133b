import FanfareActors
import FanfareRuntime

/// One event to publish, as a line of NDJSON that names its channel. The data in it is the
/// publisher's, byte for byte.
public struct EventLine: Sendable, Equatable {
  /// Where the line stands in its source, counted from 1.
  public let number: Int
  /// The channel that the event goes to.
  public let channel: ChannelName
  let json: [UInt8]

  /// Checks a line by the rules of the server, but for the sizes that a server sets itself.
  ///
  /// - Parameters:
  ///   - text: one JSON object, without a line end.
  ///   - channel: the channel of an event that names none.
  /// - Throws: ``EventLineFault``, which says what to mend.
  public init(
    _ text: [UInt8], number: Int, channel: ChannelName?
  ) throws(EventLineFault) {
    do {
      let json = Self.naming(channel, text)
      var limits = Limits()
      limits.eventDataBytesMax = .max
      let request = try PublishRequest(json, isNDJSON: false, channel: nil, limits)
      self.channel = request.entries[0].channel
      self.json = json
      self.number = number
    } catch {
      throw EventLineFault(line: number, detail: error.detail)
    }
  }

  /// The line with `channel` as its first member, if it is an object that names none.
  private static func naming(_ channel: ChannelName?, _ text: [UInt8]) -> [UInt8] {
    guard let channel,
      let members = try? JSONObjectReader.members(of: text.span, in: 0..<text.count),
      !members.contains(where: { $0.key == "channel" })
    else { return text }
    let brace = JSONScanner.skipWhiteSpace(in: text.span, from: 0)
    let member = #"{"channel":"\#(channel.text)""# + (members.isEmpty ? "" : ",")
    return Array(member.utf8) + text[(brace + 1)...]
  }
}
