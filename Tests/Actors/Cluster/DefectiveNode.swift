import FanfareBackplane

/// Makes of what passes between a node and its Redis what a node with a ``ClusterDefect`` would
/// make of it. Confined to the loop of its connections.
final class DefectiveNode {
  private let defect: ClusterDefect
  /// How far each log has been seen, in which epoch: no further than its feed can have come.
  private var seen: [String: (epoch: [UInt8], offset: Int64)] = [:]
  /// The channels subscribed to again whose log has not been asked since.
  private var unasked: Set<String> = []
  /// The generation as Redis has it; the node knows ``constant`` alone.
  private var generation: [UInt8] = []
  private static let constant = Array("aaaaa".utf8)

  init(_ defect: ClusterDefect) {
    self.defect = defect
  }

  // MARK: Out

  func sent(_ command: [[UInt8]]) -> [[UInt8]] {
    switch defect {
    case .skipsHeadCheck: return command
    case .ignoresGeneration:
      guard !generation.isEmpty else { return command }
      return command.map { $0 == Self.constant ? generation : $0 }
    case .forgetsKeys:
      guard Self.function(command) == "fanfare_publish", command.count > 6 else { return command }
      var changed = command
      changed[6] = []
      return changed
    }
  }

  private static func function(_ command: [[UInt8]]) -> String {
    command.count > 1 ? String(decoding: command[1], as: UTF8.self) : ""
  }

  // MARK: In

  func received(_ reply: RedisValue, to command: [[UInt8]]) -> RedisValue {
    switch defect {
    case .forgetsKeys: return reply
    case .ignoresGeneration:
      if ["fanfare_join", "fanfare_raise"].contains(Self.function(command)),
        case .array(let parts) = reply, case .bytes(let text)? = parts.first
      {
        generation = text
      }
      return withoutGeneration(reply)
    case .skipsHeadCheck:
      let logs = command.dropFirst(4).dropLast()
        .map { String(decoding: $0, as: UTF8.self) }
      guard case .array(let parts) = reply else { return reply }
      switch Self.function(command) {
      case "fanfare_state": return .array(zip(logs, parts).map { state($1, of: $0) })
      case "fanfare_read":
        if let log = command.dropFirst(4).first, let state = parts.first {
          note(state, of: String(decoding: log, as: UTF8.self))
        }
        return reply
      default: return reply
      }
    }
  }

  func received(_ message: [UInt8], on channel: [UInt8]) -> [UInt8] {
    let line = message.prefix { $0 != UInt8(ascii: "\n") }
    let words = line.split(separator: UInt8(ascii: " ")).map { Array($0) }
    guard words.count == 5 else { return message }
    switch defect {
    case .forgetsKeys: return message
    case .ignoresGeneration:
      let head = [Self.constant, Self.withoutGeneration(words[1])] + words[2...]
      return Array(head.joined(separator: [UInt8(ascii: " ")])) + message[line.endIndex...]
    case .skipsHeadCheck:
      let numbers = [words[2], words[4]].compactMap { Int64(String(decoding: $0, as: UTF8.self)) }
      guard numbers.count == 2 else { return message }
      note(words[1], numbers[0] + numbers[1] - 1, of: Self.log(channel))
      return message
    }
  }

  func subscribed(_ channel: [UInt8]) {
    let log = Self.log(channel)
    if seen[log] != nil { unasked.insert(log) }
  }

  // MARK: The head

  /// The key of the log whose feed is `channel`.
  private static func log(_ channel: [UInt8]) -> String {
    String(decoding: channel, as: UTF8.self).replacing(":feed:", with: ":log:", maxReplacements: 1)
  }

  private func note(_ epoch: [UInt8], _ offset: Int64, of log: String) {
    let known = seen[log].flatMap { $0.epoch == epoch ? $0.offset : nil } ?? 0
    seen[log] = (epoch, max(known, offset))
  }

  private func note(_ state: RedisValue, of log: String) {
    guard case .array(let parts) = state, parts.count == 3, case .bytes(let epoch) = parts[0],
      case .integer(let head) = parts[1]
    else { return }
    note(epoch, head, of: log)
  }

  private func state(_ state: RedisValue, of log: String) -> RedisValue {
    guard unasked.remove(log) != nil, let known = seen[log], case .array(let parts) = state,
      parts.count == 3, parts[0] == .bytes(known.epoch), case .integer(let oldest) = parts[2]
    else {
      note(state, of: log)
      return state
    }
    return .array([
      parts[0], .integer(known.offset), .integer(min(oldest, known.offset + 1)),
    ])
  }

  // MARK: The generation

  /// An epoch is five characters of the log, five of the generation and two of the channel.
  static func withoutGeneration(_ epoch: String) -> String {
    String(decoding: withoutGeneration(Array(epoch.utf8)), as: UTF8.self)
  }

  private static func withoutGeneration(_ epoch: [UInt8]) -> [UInt8] {
    epoch.count == 12 ? Array(epoch.prefix(5)) + constant + epoch.suffix(2) : epoch
  }

  private func withoutGeneration(_ reply: RedisValue) -> RedisValue {
    switch reply {
    case .bytes(let bytes):
      // What is no epoch is longer, as data, or shorter, as types.
      .bytes(bytes == generation ? Self.constant : Self.withoutGeneration(bytes))
    case .array(let parts): .array(parts.map(withoutGeneration))
    case .integer, .status, .error, .null: reply
    }
  }
}
