import Glibc

/// The head of an HTTP/1.1 answer, as far as a load test cares. Read without allocation: a
/// publisher of single events reads as many of them as there are events.
struct ResponseHead {
  /// 0 where the head is malformed.
  let status: Int
  /// The bytes of the body; 0 where the head does not say.
  let contentLength: Int
  /// The bytes of the head with its empty line.
  let bytes: Int

  /// `nil` while the head is not complete.
  init?(_ input: UnsafeBufferPointer<UInt8>) {
    guard let start = input.baseAddress, let count = Self.headBytes(start, input.count) else {
      return nil
    }
    // `HTTP/1.1 200`
    var reader = ByteReader(start, at: 9, end: count)
    status = Int(clamping: reader.decimal())
    contentLength = Self.contentLength(start, count)
    bytes = count + 4
  }

  /// The same for checked bytes.
  init?(_ input: Span<UInt8>) {
    let head = input.withUnsafeBufferPointer { ResponseHead($0) }
    guard let head else { return nil }
    self = head
  }

  /// The bytes before the empty line, without the end of the last field.
  private static func headBytes(_ input: UnsafePointer<UInt8>, _ count: Int) -> Int? {
    var line = 0
    while let found = memchr(input + line, 13, count - line) {
      let start = found - UnsafeMutableRawPointer(mutating: input)
      guard start + 4 <= count else { return nil }
      if memcmp(found, "\r\n\r\n", 4) == 0 { return start }
      line = start + 1
    }
    return nil
  }

  private static func contentLength(_ head: UnsafePointer<UInt8>, _ count: Int) -> Int {
    let name = "\r\ncontent-length:"
    let nameBytes = 17
    var line = 0
    while let found = memchr(head + line, 13, count - line) {
      let start = found - UnsafeMutableRawPointer(mutating: head)
      guard start + nameBytes < count else { return 0 }
      let isIt = found.withMemoryRebound(to: CChar.self, capacity: nameBytes) {
        strncasecmp($0, name, nameBytes) == 0
      }
      if isIt {
        var place = start + nameBytes
        while place < count, head[place] == UInt8(ascii: " ") { place += 1 }
        var reader = ByteReader(head, at: place, end: count)
        return Int(clamping: reader.decimal())
      }
      line = start + 1
    }
    return 0
  }
}
