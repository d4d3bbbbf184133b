/// What of a job's output waits to be stored: the newest bytes. What does not fit is counted.
struct LogBuffer {
  static let bytesMax = 64 * 1024

  private var bytes: [UInt8] = []
  private var lostBytes = 0

  var bytesCount: Int { bytes.count }

  var isEmpty: Bool { bytes.isEmpty && lostBytes == 0 }

  mutating func append(_ line: OutputLines.Line) {
    bytes += line.bytes
    if line.cutBytes > 0 { bytes += Array(" [\(line.cutBytes) more bytes]".utf8) }
    bytes.append(0x0A)
    // Half at once, so that a flood is not moved line by line.
    guard bytes.count > Self.bytesMax else { return }
    let wanted = bytes.count - Self.bytesMax / 2
    let end = bytes[wanted...].firstIndex(of: 0x0A).map { $0 + 1 } ?? bytes.count
    lostBytes += end
    bytes.removeFirst(end)
  }

  /// All that waits.
  mutating func take() -> [UInt8] {
    defer {
      bytes = []
      lostBytes = 0
    }
    return lostBytes > 0 ? Array("[\(lostBytes) bytes left out]\n".utf8) + bytes : bytes
  }
}
