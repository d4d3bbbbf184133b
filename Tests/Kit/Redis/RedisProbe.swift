import FanfareBackplane

/// A plain blocking connection by which tests look into Redis without the product's own. Used by
/// one thread at a time.
package final class RedisProbe {
  private let socket: TestSocket
  private var input: [UInt8] = []
  private var start = 0

  /// Connects to a Redis on this machine.
  package init(port: UInt16) throws {
    socket = try TestSocket(port: port)
  }

  /// Runs a command and returns its reply, an error among them.
  @discardableResult
  package func run(_ words: String..., deadline: Deadline = Deadline()) throws -> RedisValue {
    try run(words.map { Array($0.utf8) }, deadline: deadline)
  }

  /// The same with words of any bytes.
  @discardableResult
  package func run(
    _ command: [[UInt8]], deadline: Deadline = Deadline()
  ) throws -> RedisValue {
    try send(command, deadline: deadline)
    return try next(deadline: deadline)
  }

  /// Sends a command and reads nothing.
  package func send(_ command: [[UInt8]], deadline: Deadline = Deadline()) throws {
    var rest = RedisCommand.encoded(command)[...]
    while !rest.isEmpty {
      let count = try socket.sendSome(rest)
      rest = rest.dropFirst(count)
      if count == 0, !socket.waits(writing: true, reading: false, deadline) {
        throw ClientFailure.timedOut("room to send a command")
      }
    }
  }

  /// The next reply or message.
  package func next(deadline: Deadline = Deadline()) throws -> RedisValue {
    while true {
      var end = start
      if let value = try value(&end) {
        start = end
        if start > 64 * 1024 {
          input.removeFirst(start)
          start = 0
        }
        return value
      }
      guard socket.waits(deadline) else { throw ClientFailure.timedOut("a reply of Redis") }
      switch try socket.receiveSome() {
      case .bytes(let bytes): input += bytes
      case .end: throw ClientFailure.closed("a reply of Redis")
      case nil: break
      }
    }
  }

  package func close() { socket.close() }

  // MARK: Reading

  /// The value that begins at `index`, which then stands behind it; `nil` while it is not whole.
  private func value(_ index: inout Int) throws -> RedisValue? {
    guard let line = line(&index) else { return nil }
    let text = String(decoding: line.dropFirst(), as: UTF8.self)
    switch line.first {
    case UInt8(ascii: "+"): return .status(text)
    case UInt8(ascii: "-"): return .error(text)
    case UInt8(ascii: ":"): return .integer(try number(text))
    case UInt8(ascii: "$"):
      let count = Int(try number(text))
      guard count >= 0 else { return .null }
      guard input.count >= index + count + 2 else { return nil }
      defer { index += count + 2 }
      return .bytes(Array(input[index..<(index + count)]))
    case UInt8(ascii: "*"):
      let count = Int(try number(text))
      guard count >= 0 else { return .null }
      var values: [RedisValue] = []
      for _ in 0..<count {
        guard let value = try value(&index) else { return nil }
        values.append(value)
      }
      return .array(values)
    default: throw ClientFailure.malformed("a reply of Redis: \(text.prefix(80))")
    }
  }

  private func number(_ text: String) throws -> Int64 {
    guard let number = Int64(text) else { throw ClientFailure.malformed("a number: \(text)") }
    return number
  }

  private func line(_ index: inout Int) -> ArraySlice<UInt8>? {
    guard let end = input[index...].firstIndex(of: 0x0D), end + 1 < input.count else {
      return nil
    }
    defer { index = end + 2 }
    return input[index..<end]
  }
}
