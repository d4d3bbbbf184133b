import FanfareActors
import FanfareBackplane
import FanfareRuntime

/// What a Redis holds below one prefix, and what the functions do with it.
struct RedisModelSpace {
  private struct Made {
    var first: UInt64
    var count: Int
    var epoch: String
    var time: Int64
    var fingerprint: [UInt8]
    var expires: Int64
  }

  private struct Key: Hashable {
    var channel: ChannelName
    var name: [UInt8]
  }

  static let keyMilliseconds: Int64 = 120_000

  private(set) var generation: Generation?
  private(set) var run = ""
  private var isDurable = false
  private var mode: RedisMode?
  private var settings: [String: RedisModelSettings] = [:]
  var logs: [ChannelName: RedisModelLog] = [:]
  private var made: [Key: Made] = [:]
  private var nodes: [[UInt8]: (expires: Int64, description: [UInt8])] = [:]

  private func settings(of channel: ChannelName) -> RedisModelSettings {
    settings[String(channel.namespace)] ?? settings["*"] ?? RedisModelSettings()
  }

  /// The generation that stands, if it is the one named, or none was.
  private func entered(_ named: String) throws(RedisModelRefusal) -> Generation {
    guard let generation else { throw RedisModelRefusal("GENERATION -") }
    guard named.isEmpty || named == generation.text else {
      throw RedisModelRefusal("GENERATION \(generation)")
    }
    return generation
  }

  private func isKept(_ settings: RedisModelSettings) -> Bool {
    mode != .pubsub && settings.history > 0
  }

  private static func seed(_ random: inout SeededGenerator) -> String {
    Generation(random: &random).text
  }

  // MARK: Logs

  /// - Returns: the reply, and what is told on the channel's feed.
  mutating func publish(
    _ drafts: [Draft], to channel: ChannelName, generation named: String, key: [UInt8],
    fingerprint: [UInt8], now: Int64, random: inout SeededGenerator
  ) throws(RedisModelRefusal) -> (reply: RedisValue, payload: [UInt8]?) {
    let generation = try entered(named)
    let place = Key(channel: channel, name: key)
    if !key.isEmpty, let before = made[place], before.expires > now {
      guard before.fingerprint == fingerprint else { throw RedisModelRefusal("MISMATCH key") }
      return (
        Self.reply(before.first, before.count, before.epoch, before.time, isRepeated: true), nil
      )
    }
    let settings = settings(of: channel)
    var log = logs.removeValue(forKey: channel) ?? RedisModelLog()
    log.expire(at: now)
    let (seed, first, time) = log.append(
      drafts, isKept: isKept(settings), settings: settings, now: now,
      newSeed: { Self.seed(&random) })
    logs[channel] = log
    let epoch = seed + generation.text + RedisModelCheck.characters(channel)
    if !key.isEmpty {
      made[place] = Made(
        first: first, count: drafts.count, epoch: epoch, time: time, fingerprint: fingerprint,
        expires: now + Self.keyMilliseconds)
    }
    var payload = Array("\(generation) \(epoch) \(first) \(time) \(drafts.count)\n".utf8)
    for draft in drafts {
      payload += Array("\(draft.type) \(draft.data.count)\n".utf8) + draft.data + [0x0A]
    }
    return (Self.reply(first, drafts.count, epoch, time, isRepeated: false), payload)
  }

  private static func reply(
    _ first: UInt64, _ count: Int, _ epoch: String, _ time: Int64, isRepeated: Bool
  ) -> RedisValue {
    .array([
      .integer(Int64(first)), .integer(Int64(count)), .bytes(Array(epoch.utf8)), .integer(time),
      .integer(isRepeated ? 1 : 0),
    ])
  }

  mutating func state(
    of channel: ChannelName, generation named: String, now: Int64,
    random: inout SeededGenerator
  ) throws(RedisModelRefusal) -> LogState {
    let generation = try entered(named)
    let settings = settings(of: channel)
    var log = logs.removeValue(forKey: channel) ?? RedisModelLog()
    log.expire(at: now)
    let state = log.inspect(
      isKept: isKept(settings), settings: settings, now: now, newSeed: { Self.seed(&random) })
    logs[channel] = log
    let text = state.seed + generation.text + RedisModelCheck.characters(channel)
    guard let epoch = Epoch(text) else { throw RedisModelRefusal("ERR the epoch \(text)") }
    return LogState(epoch: epoch, head: state.head, oldest: state.oldest)
  }

  mutating func read(
    _ channel: ChannelName, generation: String, from offset: UInt64, eventsMax: Int,
    bytesMax: Int, now: Int64, random: inout SeededGenerator
  ) throws(RedisModelRefusal) -> (state: LogState, entries: [RedisModelLog.Entry]) {
    let state = try state(of: channel, generation: generation, now: now, random: &random)
    guard let log = logs[channel], state.oldest <= state.head else { return (state, []) }
    let entries = log.read(
      from: max(offset, state.oldest), eventsMax: min(eventsMax, 1_000), bytesMax: bytesMax)
    return (state, entries)
  }

  // MARK: Nodes

  mutating func join(
    candidate: Generation, run: String, isDurable: Bool, mode: RedisMode,
    settings: [String: RedisModelSettings], now: Int64
  ) throws(RedisModelRefusal) -> RedisValue {
    if let before = self.mode, before != mode, !alive(now).isEmpty {
      throw RedisModelRefusal("INVALID nodes that are alive use the mode \(before.rawValue)")
    }
    var isRaised = false
    if generation == nil {
      generation = candidate
    } else if self.run != run, !(isDurable && self.isDurable) {
      generation = candidate
      isRaised = true
    }
    self.run = run
    self.isDurable = isDurable
    self.mode = mode
    self.settings = settings
    return .array([
      .bytes(Array((generation ?? candidate).text.utf8)), .integer(isRaised ? 1 : 0),
    ])
  }

  mutating func raise(
    expected: String, candidate: Generation, run: String
  ) throws(RedisModelRefusal) -> RedisValue {
    guard let generation else { throw RedisModelRefusal("GENERATION -") }
    if generation.text == expected {
      self.generation = candidate
      self.run = run
    }
    return .array([.bytes(Array((self.generation ?? generation).text.utf8))])
  }

  mutating func beat(
    id: [UInt8], ttl: Int64, description: [UInt8], now: Int64
  ) -> RedisValue {
    nodes[id] = ttl == 0 ? nil : (now + ttl, description)
    return .array(alive(now).map { .array([.bytes($0.id), .bytes($0.description)]) })
  }

  private mutating func alive(_ now: Int64) -> [(id: [UInt8], description: [UInt8])] {
    nodes = nodes.filter { $0.value.expires > now }
    return nodes.sorted { $0.key.lexicographicallyPrecedes($1.key) }
      .map { ($0.key, $0.value.description) }
  }
}
