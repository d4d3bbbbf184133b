import Glibc

/// The file in which `fanfare follow` keeps its cursor across runs.
struct CursorFile: Sendable {
  /// The positions of 128 channels with a wide margin; a larger file is another one.
  private static let bytesMax = 16 * 1024

  let path: String

  /// The cursor of an earlier run; nil if the file does not exist or is empty.
  func load() throws(CommandFailure) -> String? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      if errno == ENOENT { return nil }
      throw CommandFailure(.noInput, "\(path): \(SystemErrorText.of(errno))")
    }
    defer { close(descriptor) }
    var buffer = [UInt8](repeating: 0, count: Self.bytesMax)
    let count = read(descriptor, &buffer, buffer.count)
    guard count >= 0 else {
      throw CommandFailure(.noInput, "\(path): \(SystemErrorText.of(errno))")
    }
    let line = buffer[..<count].prefix { $0 != 0x0A }
    let rest = buffer[..<count].dropFirst(line.count)
    // A file that was named by mistake is left alone.
    guard count < Self.bytesMax, rest.allSatisfy({ $0 == 0x0A }), line.allSatisfy(Self.isCursor)
    else { throw CommandFailure(.badData, "\(path) holds no cursor; name another --cursor-file") }
    return line.isEmpty ? nil : String(decoding: line, as: UTF8.self)
  }

  /// Replaces the cursor in one step: whoever reads the file finds the old one or the new one.
  func save(_ cursor: String) throws(CommandFailure) {
    let beside = "\(path).new"
    let bytes = Array("\(cursor)\n".utf8)
    let descriptor = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw refusal(errno) }
    let count = write(descriptor, bytes, bytes.count)
    let code = errno
    close(descriptor)
    guard count == bytes.count else { throw refusal(count < 0 ? code : ENOSPC) }
    guard rename(beside, path) == 0 else { throw refusal(errno) }
  }

  private func refusal(_ code: Int32) -> CommandFailure {
    CommandFailure(
      .outputFailed, "the cursor cannot be kept in \(path): \(SystemErrorText.of(code))")
  }

  private static func isCursor(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
      UInt8(ascii: "."), UInt8(ascii: ","), UInt8(ascii: "-"):
      true
    default: false
    }
  }
}
