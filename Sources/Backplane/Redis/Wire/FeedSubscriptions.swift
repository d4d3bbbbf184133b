import FanfareRuntime

/// What a link for the feed has asked Redis, what was answered, and what the messages say.
struct FeedSubscriptions {
  enum News: Equatable {
    case subscribed([UInt8])
    case message([UInt8], on: [UInt8])
    case nothing
  }

  /// When the last thing was asked that has not been answered; `nil` where all has.
  var askedAt: MonotonicInstant? { awaited > 0 || isPingAwaited ? lastAsked : nil }

  private var lastAsked = MonotonicInstant(nanoseconds: 0)
  /// The confirmations to come: one for each channel that was asked for.
  private var awaited = 0
  private var isPingAwaited = false
  /// The channels that Redis sends, by its own last word.
  private var count: Int64 = 0

  /// `command`, a subscription or its end, was or was not sent.
  mutating func sent(_ isSent: Bool, _ command: [[UInt8]], _ now: MonotonicInstant) {
    guard isSent else { return }
    awaited += command.count - 1
    lastAsked = now
  }

  /// Asks for a sign of life. Only while nothing else is to be answered: then Redis' own count says
  /// in which form the answer will come.
  mutating func ping(_ connection: HiredisConnection, _ now: MonotonicInstant) {
    let command = [Array("PING".utf8)]
    if count > 0 { connection.appendUnanswered(command) } else { _ = connection.append(command) }
    isPingAwaited = true
    lastAsked = now
  }

  /// Something has come, whatever it is: hiredis does not pass on the answer to a `PING` among
  /// subscriptions.
  mutating func heard() { isPingAwaited = false }

  /// Takes what has come.
  mutating func take(_ value: RedisValue) -> News {
    guard case .array(let parts) = value, parts.count >= 3, case .bytes(let kind) = parts[0],
      case .bytes(let channel) = parts[1]
    else { return .nothing }
    switch String(decoding: kind, as: UTF8.self) {
    case "message":
      guard case .bytes(let message) = parts[2] else { return .nothing }
      return .message(message, on: channel)
    case "subscribe":
      confirm(parts[2])
      return .subscribed(channel)
    case "unsubscribe":
      confirm(parts[2])
      return .nothing
    default: return .nothing
    }
  }

  private mutating func confirm(_ count: RedisValue) {
    awaited = max(0, awaited - 1)
    if case .integer(let number) = count { self.count = number }
  }
}
