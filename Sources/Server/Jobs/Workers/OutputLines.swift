/// Cuts what a program writes into lines, at CR, LF or both. A line is bounded, whatever comes.
struct OutputLines {
  /// One line without its end.
  struct Line: Equatable {
    var bytes: [UInt8] = []
    /// The bytes that came after those kept.
    var cutBytes = 0
  }

  /// The bytes kept of a line.
  static let bytesMax = 8 * 1024

  private let objectBytesMax: Int
  private var line = Line()
  /// Whether the last byte was a CR, of which an LF is the second half.
  private var hasReturned = false
  private var isOpen = false

  /// - Parameter objectBytesMax: the bytes kept of a line that begins with a brace: it may be a
  ///   result.
  init(objectBytesMax: Int = OutputLines.bytesMax) {
    self.objectBytesMax = objectBytesMax
  }

  /// The lines that `bytes` complete, in their order.
  mutating func lines(completedBy bytes: [UInt8]) -> [Line] {
    var lines: [Line] = []
    var start = 0
    for index in bytes.indices {
      let byte = bytes[index]
      guard byte == 0x0A || byte == 0x0D else { continue }
      let isSecondHalf = byte == 0x0A && hasReturned && start == index
      if !isSecondHalf {
        keep(bytes[start..<index])
        lines.append(line)
        line = Line()
        isOpen = false
      }
      hasReturned = byte == 0x0D
      start = index + 1
    }
    if start < bytes.count {
      keep(bytes[start...])
      isOpen = true
      hasReturned = false
    }
    return lines
  }

  /// What came after the last line's end, if anything.
  mutating func rest() -> Line? {
    guard isOpen else { return nil }
    defer {
      line = Line()
      isOpen = false
    }
    return line
  }

  private mutating func keep(_ bytes: ArraySlice<UInt8>) {
    let first = line.bytes.first ?? bytes.first
    let bytesMax = first == UInt8(ascii: "{") ? objectBytesMax : Self.bytesMax
    let room = max(0, bytesMax - line.bytes.count)
    line.bytes += bytes.prefix(room)
    line.cutBytes += max(0, bytes.count - room)
  }
}
