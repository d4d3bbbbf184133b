import FanfareActors
import FanfareBackplane
import FanfareRuntime

/// A Redis as far as Fanfare uses one, without its connections: commands in, replies and messages
/// out. A value, so that an earlier state of it can be brought back.
///
/// Firehoses are not kept, and the data of publishers that name no generation is not checked.
struct RedisModelServer {
  struct Message {
    var channel: [UInt8]
    var payload: [UInt8]
  }

  var spaces: [[UInt8]: RedisModelSpace] = [:]
  var libraryVersion: Int64?
  var random: SeededGenerator
  /// Also the id of the server's run; changed by a restart.
  var run = ""
  /// What it says of its append-only file.
  var isDurable = true

  init(seed: UInt64) {
    random = SeededGenerator(seed: seed)
    beginRun()
  }

  mutating func beginRun() {
    run = random.text(of: "0123456789abcdef", count: 40...40)
  }

  /// Does what `command` says, at `now` in milliseconds since 1970.
  mutating func execute(
    _ command: [[UInt8]], now: Int64, tell: (Message) -> Void
  ) -> RedisValue {
    do throws(RedisModelRefusal) {
      // Not all of them: a publish is long.
      let words = command.prefix(2).map { String(decoding: $0, as: UTF8.self) }
      switch words.first?.uppercased() {
      case "FCALL": return try call(command, now, tell)
      case "FUNCTION" where words.last?.uppercased() == "LOAD":
        libraryVersion = RedisFunctions.libraryVersion
        return .bytes(Array("fanfare".utf8))
      case "FUNCTION":
        libraryVersion = nil
        return .status("OK")
      case "PING": return .status("PONG")
      case "TIME":
        return .array(["\(now / 1000)", "\(now % 1000 * 1000)"].map { .bytes(Array($0.utf8)) })
      case "INFO": return .bytes(Array(info.utf8))
      case "CONFIG":
        let values = ["appendonly", "yes", "appendfsync", isDurable ? "always" : "everysec"]
        return .array(values.map { .bytes(Array($0.utf8)) })
      case "FLUSHALL", "FLUSHDB":
        spaces = [:]
        return .status("OK")
      case "DEL", "UNLINK":
        return .integer(command.dropFirst().reduce(0) { $0 + (delete($1) ? 1 : 0) })
      case "XLEN": return .integer(Int64(stream(command.last ?? [])?.entries.count ?? 0))
      case "XDEL": return .integer(deleteEntries(command))
      default: throw RedisModelRefusal("ERR unknown command '\(words.first ?? "")'")
      }
    } catch {
      return .error(error.text)
    }
  }

  private var info: String {
    "# Server\r\nredis_version:7.0.15\r\nrun_id:\(run)\r\n\r\n# Replication\r\nrole:master\r\n"
      + "master_replid2:0000000000000000000000000000000000000000\r\nloading:0\r\n"
  }

  // MARK: Keys

  private func placeOf(
    _ key: [UInt8], _ kind: String
  ) -> (prefix: [UInt8], channel: ChannelName)? {
    for prefix in spaces.keys where key.starts(with: prefix + Array(kind.utf8)) {
      let name = key.dropFirst(prefix.count + kind.utf8.count)
      guard let channel = ChannelName(String(decoding: name, as: UTF8.self)) else { continue }
      return (prefix, channel)
    }
    return nil
  }

  private func stream(_ key: [UInt8]) -> RedisModelLog.Stream? {
    placeOf(key, "log:").flatMap { spaces[$0.prefix]?.logs[$0.channel]?.stream }
  }

  private mutating func delete(_ key: [UInt8]) -> Bool {
    if let (prefix, channel) = placeOf(key, "log:") {
      defer { spaces[prefix]?.logs[channel]?.stream = nil }
      return spaces[prefix]?.logs[channel]?.stream != nil
    }
    if let (prefix, channel) = placeOf(key, "meta:") {
      defer { spaces[prefix]?.logs[channel]?.meta = nil }
      return spaces[prefix]?.logs[channel]?.meta != nil
    }
    return false
  }

  private mutating func deleteEntries(_ command: [[UInt8]]) -> Int64 {
    guard command.count > 2, let (prefix, channel) = placeOf(command[1], "log:") else { return 0 }
    let offsets = command.dropFirst(2).compactMap { id in
      UInt64(String(decoding: id.prefix { $0 != UInt8(ascii: "-") }, as: UTF8.self))
    }
    let before = spaces[prefix]?.logs[channel]?.stream?.entries.count ?? 0
    spaces[prefix]?.logs[channel]?.stream?.entries.removeAll { offsets.contains($0.offset) }
    return Int64(before - (spaces[prefix]?.logs[channel]?.stream?.entries.count ?? 0))
  }
}
