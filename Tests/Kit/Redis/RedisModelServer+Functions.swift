import FanfareActors
import FanfareBackplane

/// The functions' arguments, read as the functions read them.
extension RedisModelServer {
  mutating func call(
    _ command: [[UInt8]], _ now: Int64, _ tell: (Message) -> Void
  ) throws(RedisModelRefusal) -> RedisValue {
    let words = command.prefix(3).map(Self.text)
    guard words.count == 3, let count = Int(words[2]), count >= 0, command.count >= 3 + count
    else {
      throw RedisModelRefusal("ERR Number of keys can't be greater than number of args")
    }
    guard let version = libraryVersion else { throw RedisModelRefusal("ERR Function not found") }
    if words[1] == "fanfare_version" { return .integer(version) }
    let names = Array(command[3..<(3 + count)])
    let arguments = Array(command[(3 + count)...])
    guard let hub = names.first, hub.suffix(3).elementsEqual("hub".utf8) else {
      throw RedisModelRefusal("INVALID the first key is the prefix followed by hub")
    }
    let prefix = Array(hub.dropLast(3))
    var space = spaces.removeValue(forKey: prefix) ?? RedisModelSpace()
    defer { spaces[prefix] = space }
    if words[1] == "fanfare_publish" {
      return try publish(&space, prefix, names, arguments, now, tell)
    }
    let texts = arguments.map(Self.text)
    switch words[1] {
    case "fanfare_state":
      guard names.count <= 501, texts.count == 1 else { throw RedisModelRefusal("INVALID count") }
      return try states(&space, prefix, names, texts, now)
    case "fanfare_read": return try read(&space, prefix, names, texts, now)
    case "fanfare_join": return try join(&space, texts, now)
    case "fanfare_raise":
      guard texts.count == 3, let candidate = Generation(texts[1]) else {
        throw RedisModelRefusal("INVALID expected, candidate and run")
      }
      return try space.raise(expected: texts[0], candidate: candidate, run: texts[2])
    case "fanfare_beat":
      guard names.count == 2, names[1] == prefix + Array("nodes".utf8), texts.count == 3,
        !texts[0].isEmpty, let ttl = Int64(texts[1]), ttl >= 0
      else { throw RedisModelRefusal("INVALID id, ttl and description") }
      return space.beat(id: arguments[0], ttl: ttl, description: arguments[2], now: now)
    default: throw RedisModelRefusal("ERR Function not found")
    }
  }

  private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

  private func channel(
    _ log: [UInt8], _ prefix: [UInt8]
  ) throws(RedisModelRefusal) -> ChannelName {
    let start = prefix + Array("log:".utf8)
    guard log.starts(with: start),
      let channel = ChannelName(String(decoding: log.dropFirst(start.count), as: UTF8.self))
    else { throw RedisModelRefusal("INVALID a log is the prefix, log: and a channel name") }
    return channel
  }

  private mutating func publish(
    _ space: inout RedisModelSpace, _ prefix: [UInt8], _ names: [[UInt8]],
    _ arguments: [[UInt8]], _ now: Int64, _ tell: (Message) -> Void
  ) throws(RedisModelRefusal) -> RedisValue {
    guard names.count == 2 else { throw RedisModelRefusal("INVALID keys") }
    let channel = try channel(names[1], prefix)
    guard arguments.count >= 5, arguments.count % 2 == 1, arguments.count <= 2_003 else {
      throw RedisModelRefusal("INVALID count")
    }
    var drafts: [Draft] = []
    for index in stride(from: 3, to: arguments.count, by: 2) {
      guard let type = EventType(Self.text(arguments[index])) else {
        throw RedisModelRefusal("INVALID type")
      }
      drafts.append(Draft(type: type, data: arguments[index + 1]))
    }
    if arguments[0].isEmpty, ["fanfare", "job"].contains(channel.namespace) {
      throw RedisModelRefusal("INVALID the namespaces fanfare and job are reserved")
    }
    var fingerprint = arguments[2]
    if fingerprint.isEmpty { fingerprint = Array(arguments[3...].joined(separator: [0])) }
    let (reply, payload) = try space.publish(
      drafts, to: channel, generation: Self.text(arguments[0]), key: arguments[1],
      fingerprint: fingerprint,
      now: now, random: &random)
    if let payload {
      tell(Message(channel: prefix + Array("feed:\(channel)".utf8), payload: payload))
    }
    return reply
  }

  private mutating func states(
    _ space: inout RedisModelSpace, _ prefix: [UInt8], _ names: [[UInt8]], _ texts: [String],
    _ now: Int64
  ) throws(RedisModelRefusal) -> RedisValue {
    var replies: [RedisValue] = []
    for name in names.dropFirst() {
      let channel = try channel(name, prefix)
      let state = try space.state(
        of: channel, generation: texts[0], now: now, random: &random)
      replies.append(Self.value(state))
    }
    return .array(replies)
  }

  private mutating func read(
    _ space: inout RedisModelSpace, _ prefix: [UInt8], _ names: [[UInt8]], _ texts: [String],
    _ now: Int64
  ) throws(RedisModelRefusal) -> RedisValue {
    guard names.count == 2 else { throw RedisModelRefusal("INVALID keys") }
    let channel = try channel(names[1], prefix)
    guard texts.count == 4, let from = UInt64(texts[1]), let count = Int(texts[2]),
      let bytes = Int(texts[3])
    else { throw RedisModelRefusal("INVALID generation, from, count and bytes") }
    let (state, entries) = try space.read(
      channel, generation: texts[0], from: from, eventsMax: count, bytesMax: bytes, now: now,
      random: &random)
    let events: [RedisValue] = entries.map { entry in
      .array([
        .integer(Int64(entry.offset)), .bytes(Array(entry.draft.type.text.utf8)),
        .bytes(entry.draft.data), .integer(entry.time),
      ])
    }
    return .array([Self.value(state), .array(events)])
  }

  private func join(
    _ space: inout RedisModelSpace, _ texts: [String], _ now: Int64
  ) throws(RedisModelRefusal) -> RedisValue {
    guard texts.count >= 4, texts.count.isMultiple(of: 2), let candidate = Generation(texts[0]),
      ["0", "1"].contains(texts[2]), let mode = RedisMode(rawValue: texts[3])
    else { throw RedisModelRefusal("INVALID generation, run, durable and mode") }
    var settings: [String: RedisModelSettings] = [:]
    for index in stride(from: 4, to: texts.count, by: 2) {
      guard let parsed = RedisModelSettings(texts[index + 1]) else {
        throw RedisModelRefusal(
          "INVALID the settings are history, ttl, meta-ttl, firehose and bytes")
      }
      settings[texts[index]] = parsed
    }
    return try space.join(
      candidate: candidate, run: texts[1], isDurable: texts[2] == "1", mode: mode,
      settings: settings, now: now)
  }

  private static func value(_ state: LogState) -> RedisValue {
    .array([
      .bytes(Array(state.epoch.text.utf8)), .integer(Int64(state.head)),
      .integer(Int64(state.oldest)),
    ])
  }
}
