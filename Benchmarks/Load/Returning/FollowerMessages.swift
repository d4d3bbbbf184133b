/// Reads the messages of a follower as text: for scenarios in which each has few.
enum FollowerMessages {
  /// The next block of an event stream.
  static func block(_ input: [UInt8], _ index: inout Int) -> ReturningFollower.Message? {
    var end = index
    while end + 1 < input.count, !(input[end] == 0x0A && input[end + 1] == 0x0A) { end += 1 }
    guard end + 1 < input.count else { return nil }
    let text = String(decoding: input[index..<end], as: UTF8.self)
    index = end + 2
    if text.hasPrefix("id: ") {
      let position = String(text.dropFirst(4).prefix { $0 != "\n" })
      return text.contains("\ndata:") ? .event(position) : .cursor(position)
    }
    if text.hasPrefix("retry: ") { return Int(text.dropFirst(7)).map { .retry($0) } ?? .other }
    if text.hasPrefix("event: fanfare.attached") {
      return .attached(verdict: string("verdict", text), position: nil)
    }
    if text.hasPrefix("event: fanfare.bye") { return .bye(retry: nil) }
    return text.hasPrefix("event: fanfare.gap") ? .gap : .other
  }

  /// The next frame of a server (RFC 6455 section 5.2); it masks none and sends none in parts.
  static func frame(_ input: [UInt8], _ index: inout Int) -> ReturningFollower.Message? {
    guard input.count >= index + 2 else { return nil }
    var start = index + 2
    var length = Int(input[index + 1])
    if length == 126 {
      guard input.count >= index + 4 else { return nil }
      length = Int(input[index + 2]) << 8 | Int(input[index + 3])
      start = index + 4
    }
    guard input.count >= start + length else { return nil }
    let opcode = input[index] & 0x0F
    let text = String(decoding: input[start..<start + length], as: UTF8.self)
    index = start + length
    guard opcode == 1 else { return opcode == 8 ? .end : .other }
    switch string("op", text) {
    case "attached":
      return .attached(verdict: string("verdict", text), position: string("position", text))
    case "event": return .event(string("position", text))
    case "gap": return .gap
    case "bye":
      let digits = text.split(separator: #""retry":"#).last?.prefix { $0.isNumber }
      return .bye(retry: digits.flatMap { Int($0) })
    default: return .other
    }
  }

  static func offset(_ position: String?) -> UInt64 {
    position.flatMap { UInt64($0.prefix { $0 != "." }) } ?? 0
  }

  private static func string(_ key: String, _ text: String) -> String {
    guard let range = text.firstRange(of: "\"\(key)\":\"") else { return "" }
    return String(text[range.upperBound...].prefix { $0 != "\"" })
  }
}
