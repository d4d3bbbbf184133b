/// Writes JSON into bytes, as compact as it gets.
///
/// Commas are set as needed. The writer does not check that calls make sense together: every
/// `begin` needs its `end`, and in an object every value its key.
///
///     var writer = JSONWriter()
///     writer.beginObject()
///     writer.key("position")
///     writer.string("17.k3")
///     writer.endObject()
struct JSONWriter {
  /// What has been written so far.
  private(set) var bytes: [UInt8]
  /// Whether another key or value at this place is not the first.
  private var needsComma = false

  /// - Parameter bytes: what stands before, as it is; by default nothing.
  init(appendingTo bytes: consuming [UInt8] = []) {
    self.bytes = bytes
  }

  mutating func beginObject() { open(UInt8(ascii: "{")) }
  mutating func endObject() { close(UInt8(ascii: "}")) }
  mutating func beginArray() { open(UInt8(ascii: "[")) }
  mutating func endArray() { close(UInt8(ascii: "]")) }

  mutating func key(_ key: String) {
    separate()
    Self.appendJSONString(key, to: &bytes)
    bytes.append(UInt8(ascii: ":"))
    needsComma = false
  }

  mutating func string(_ value: String) {
    separate()
    Self.appendJSONString(value, to: &bytes)
  }

  mutating func int(_ value: Int) {
    separate()
    bytes.append(contentsOf: String(value).utf8)
  }

  mutating func bool(_ value: Bool) {
    separate()
    bytes.append(contentsOf: (value ? "true" : "false").utf8)
  }

  mutating func null() {
    separate()
    bytes.append(contentsOf: "null".utf8)
  }

  /// A value that is JSON already, as it is. The caller answers for its being valid.
  mutating func raw(_ value: [UInt8]) {
    separate()
    bytes.append(contentsOf: value)
  }

  /// A value that is JSON already, as it is. The caller answers for its being valid.
  mutating func raw(_ value: ArraySlice<UInt8>) {
    separate()
    bytes.append(contentsOf: value)
  }

  /// A value that is JSON already, as it is. The caller answers for its being valid.
  mutating func raw(_ value: Span<UInt8>) {
    separate()
    guard !value.isEmpty else { return }
    bytes.append(addingCapacity: value.count) { output in
      for index in value.indices { output.append(value[index]) }
    }
  }

  /// Appends a string in quotes. Only what must be escaped is (RFC 8259 section 7): the quote, the
  /// backslash and what is below 0x20.
  static func appendJSONString(_ value: String, to bytes: inout [UInt8]) {
    bytes.append(UInt8(ascii: "\""))
    if isPlain(value.utf8.span) {
      bytes.append(contentsOf: value.utf8)
    } else {
      for byte in value.utf8 { append(byte, to: &bytes) }
    }
    bytes.append(UInt8(ascii: "\""))
  }

  // A span is walked twice as fast as the view that it is of.
  private static func isPlain(_ text: Span<UInt8>) -> Bool {
    for index in text.indices where mustEscape(text[index]) { return false }
    return true
  }

  private static func mustEscape(_ byte: UInt8) -> Bool {
    byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
  }

  private static func append(_ byte: UInt8, to bytes: inout [UInt8]) {
    guard mustEscape(byte) else {
      bytes.append(byte)
      return
    }
    bytes.append(UInt8(ascii: "\\"))
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes.append(byte)
    case 0x08: bytes.append(UInt8(ascii: "b"))
    case 0x09: bytes.append(UInt8(ascii: "t"))
    case 0x0A: bytes.append(UInt8(ascii: "n"))
    case 0x0C: bytes.append(UInt8(ascii: "f"))
    case 0x0D: bytes.append(UInt8(ascii: "r"))
    default:
      bytes.append(contentsOf: byte < 0x10 ? "u000".utf8 : "u001".utf8)
      let digit = byte & 0x0F
      bytes.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
    }
  }

  private mutating func separate() {
    if needsComma { bytes.append(UInt8(ascii: ",")) }
    needsComma = true
  }

  private mutating func open(_ bracket: UInt8) {
    separate()
    bytes.append(bracket)
    needsComma = false
  }

  private mutating func close(_ bracket: UInt8) {
    bytes.append(bracket)
    needsComma = true
  }
}
