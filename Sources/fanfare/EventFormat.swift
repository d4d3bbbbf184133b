import ArgumentParser
import FanfareServer

/// How `fanfare follow` prints an event.
enum EventFormat: String, ExpressibleByArgument, CaseIterable {
  /// The whole event object.
  case json
  /// Only the publisher's data.
  case data
  /// Time, channel, type and data, for people.
  case pretty

  /// The event's line, with its end.
  func line(_ event: ReceivedEvent) -> [UInt8] {
    switch self {
    case .json: event.json + [0x0A]
    case .data: event.data + [0x0A]
    case .pretty:
      Array("\(event.time) \(event.channel) \(event.type) ".utf8) + event.data + [0x0A]
    }
  }
}
