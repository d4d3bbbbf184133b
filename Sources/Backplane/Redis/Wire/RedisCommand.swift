/// A command in the form in which it travels.
package enum RedisCommand {
  /// An array of bulk strings (RESP2).
  package static func encoded(_ arguments: [[UInt8]]) -> [UInt8] {
    var bytes: [UInt8] = []
    // A length takes at most 10 digits; what is more is grown for.
    bytes.reserveCapacity(arguments.reduce(16) { $0 + $1.count + 16 })
    append(UInt8(ascii: "*"), arguments.count, to: &bytes)
    for argument in arguments {
      append(UInt8(ascii: "$"), argument.count, to: &bytes)
      bytes += argument
      bytes += [0x0D, 0x0A]
    }
    return bytes
  }

  private static func append(_ mark: UInt8, _ count: Int, to bytes: inout [UInt8]) {
    bytes.append(mark)
    bytes += String(count).utf8
    bytes += [0x0D, 0x0A]
  }
}
