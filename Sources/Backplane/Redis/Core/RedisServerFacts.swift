/// What a Redis says of itself, as far as it matters to what its logs promise.
struct RedisServerFacts: Equatable {
  private var process = ""
  private var replacedLog = ""
  private var isPrimary = false
  private var isAppending = false
  private var isSyncing = false

  /// Nothing known yet.
  init() {}

  /// Names this run of the server: another process, or a restart, has another, and so has a primary
  /// that was a replica since. Empty while it is not known.
  var run: String {
    isReplicated && !process.isEmpty ? "\(process)-\(replacedLog)" : process
  }

  /// Whether it was ever the replica of another. All zeros say that it was not.
  private var isReplicated: Bool {
    replacedLog.isEmpty || !replacedLog.utf8.allSatisfy { $0 == UInt8(ascii: "0") }
  }

  /// Whether a run of this server has all that the run before it had acknowledged: it wrote all of
  /// it to disk first, and did not take over from another.
  var isDurable: Bool { isPrimary && !isReplicated && isAppending && isSyncing }

  /// Learns from the text of `INFO`.
  mutating func learn(info: [UInt8]) {
    for line in String(decoding: info, as: UTF8.self).split(whereSeparator: \.isNewline) {
      guard let colon = line.firstIndex(of: ":") else { continue }
      let value = line[line.index(after: colon)...]
      switch line[..<colon] {
      case "run_id": process = String(value)
      case "role": isPrimary = value == "master"
      case "master_replid2": replacedLog = String(value)
      default: break
      }
    }
  }

  /// Learns from the reply to `CONFIG GET`. One that is refused leaves the server as not durable.
  mutating func learn(config reply: RedisValue) {
    guard case .array(let parts) = reply else { return }
    var index = 0
    while index + 1 < parts.count {
      if case .bytes(let name) = parts[index], case .bytes(let value) = parts[index + 1] {
        switch String(decoding: name, as: UTF8.self) {
        case "appendonly": isAppending = value.elementsEqual("yes".utf8)
        case "appendfsync": isSyncing = value.elementsEqual("always".utf8)
        default: break
        }
      }
      index += 2
    }
  }
}
