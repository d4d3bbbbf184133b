import FanfareRuntime
import FanfareTestKit

@testable import FanfareActors
@testable import FanfareServer

/// Bytes of a response, taken apart just enough for the checker.
struct Wire {
  private var bytes: [UInt8] = []
  private var hasHead = false
  private(set) var status = 0
  private var length: Int?

  mutating func add(_ input: [UInt8]) { bytes += input }

  /// Reads the head, once it is whole.
  mutating func readHead() -> Bool {
    if hasHead { return true }
    guard let end = Self.find(Array("\r\n\r\n".utf8), in: bytes) else { return false }
    let head = String(decoding: bytes[..<end], as: UTF8.self)
    bytes.removeFirst(end + 4)
    let lines = head.split(separator: "\r\n")
    status = Int(lines[0].split(separator: " ")[1]) ?? 0
    for line in lines where line.lowercased().hasPrefix("content-length:") {
      length = Int(line.dropFirst(15).drop { $0 == " " })
    }
    hasHead = true
    return true
  }

  /// A whole response with a length; the next one may follow.
  mutating func response() -> (status: Int, body: [UInt8])? {
    guard readHead(), let length, bytes.count >= length else { return nil }
    let body = Array(bytes[..<length])
    bytes.removeFirst(length)
    hasHead = false
    self.length = nil
    return (status, body)
  }

  /// The next block of an event stream, as its fields.
  mutating func block() -> [(name: String, value: [UInt8])]? {
    guard let end = Self.find([0x0A, 0x0A], in: bytes) else { return nil }
    let lines = bytes[..<end].split(separator: 0x0A)
    bytes.removeFirst(end + 2)
    return lines.map { line in
      let colon = line.firstIndex(of: UInt8(ascii: ":")) ?? line.endIndex
      let name = String(decoding: line[..<colon], as: UTF8.self)
      let value = line[colon...].dropFirst()
      return (name, Array(value.first == 0x20 ? value.dropFirst() : value))
    }
  }

  /// The next frame of a WebSocket.
  mutating func frame() throws -> SocketFrame? { try SocketFrame.first(of: &bytes) }

  private static func find(_ mark: [UInt8], in bytes: [UInt8]) -> Int? {
    guard bytes.count >= mark.count else { return nil }
    var index = 0
    while index <= bytes.count - mark.count {
      if bytes[index] == mark[0], bytes[index..<(index + mark.count)].elementsEqual(mark) {
        return index
      }
      index += 1
    }
    return nil
  }
}

/// A JSON object with members by key; the texts of the values.
struct Object {
  private var members: [String: (range: Range<Int>, kind: JSONKind)] = [:]
  private let bytes: [UInt8]

  init?(_ bytes: [UInt8]) {
    self.bytes = bytes
    guard let list = try? JSONObjectReader.members(of: bytes.span, in: 0..<bytes.count) else {
      return nil
    }
    for member in list { members[member.key] = (member.value, member.kind) }
  }

  func string(_ key: String) -> String? {
    guard let member = members[key], member.kind == .string else { return nil }
    return JSONString.decode(bytes.span, member.range)
  }

  func int(_ key: String) -> Int? {
    guard let member = members[key], member.kind == .number else { return nil }
    return JSONNumber.int(bytes.span, member.range)
  }

  func object(_ key: String) -> Object? {
    members[key].flatMap { Object(Array(bytes[$0.range])) }
  }

  func position(_ key: String) -> Position? { string(key).flatMap { Position($0) } }

  /// The elements of an array of objects or strings without brackets and quotes inside strings that
  /// would confuse it: this server's own answers.
  func elements(_ key: String) -> [[UInt8]] {
    guard let member = members[key], member.kind == .array else { return [] }
    var elements: [[UInt8]] = []
    var index = member.range.lowerBound + 1
    let end = member.range.upperBound - 1
    while index < end {
      let rest = bytes.span.extracting(index..<end)
      guard let stop = try? JSONScanner.endOfValue(in: rest, from: 0, outerDepth: 0) else { break }
      elements.append(Array(bytes[index..<(index + stop)]))
      index += stop + 1
    }
    return elements
  }
}
