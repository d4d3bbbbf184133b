import CLibuv
import Glibc

/// The standard error stream of the process.
public enum StandardError {
  /// Writes all bytes in as few calls as the system allows. Lines of several threads up to the
  /// pipe's atomic size (4,096 bytes) do not mix. It blocks when the reader does.
  public static func write(_ bytes: [UInt8]) { writeAll(bytes, to: 2) }

  /// The same for the standard output stream. Returns false when nobody reads it any more.
  @discardableResult
  public static func writeOutput(_ bytes: [UInt8]) -> Bool { writeAll(bytes, to: 1) }

  /// Milliseconds since 1970 in UTC.
  public static func wallMilliseconds() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
  }

  @discardableResult
  private static func writeAll(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
    bytes.withUnsafeBytes { buffer in
      var rest = buffer[...]
      while !rest.isEmpty {
        let count = Glibc.write(
          descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
        if count < 0 {
          guard errno == EINTR || errno == EAGAIN else { return false }
          continue
        }
        rest = rest.dropFirst(count)
      }
      return true
    }
  }
}
