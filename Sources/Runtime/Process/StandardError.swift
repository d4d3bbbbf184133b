import CLibuv
import Glibc

/// The standard error stream of the process.
public enum StandardError {
  /// Writes all bytes in as few calls as the system allows. Lines of several threads up to the
  /// pipe's atomic size (4,096 bytes) do not mix. It blocks when the reader does.
  public static func write(_ bytes: [UInt8]) {
    guard let gathered = Gathered.ofThisThread else {
      writeAll(bytes, to: 2)
      return
    }
    if gathered.bytes.count + bytes.count > atomicBytes { gathered.writeOut() }
    gathered.bytes.append(contentsOf: bytes)
  }

  /// What a pipe takes without mixing it with what others write.
  private static let atomicBytes = 4_096

  /// Writes what `body` writes on this thread in few calls, in its order, before it returns: of
  /// many short lines, the calls cost more than the lines.
  public static func gathering(_ body: () -> Void) {
    guard Gathered.ofThisThread == nil else { return body() }
    let gathered = Gathered()
    withExtendedLifetime(gathered) {
      Gathered.ofThisThread = gathered
      body()
      Gathered.ofThisThread = nil
    }
    gathered.writeOut()
  }

  /// Whole lines that one thread has still to write.
  private final class Gathered {
    var bytes: [UInt8] = []

    func writeOut() {
      writeAll(bytes, to: 2)
      bytes.removeAll(keepingCapacity: true)
    }

    private static let key: pthread_key_t = {
      var key = pthread_key_t()
      pthread_key_create(&key, nil)
      return key
    }()

    /// Not retained: ``gathering(_:)`` holds it for as long as it is here.
    static var ofThisThread: Gathered? {
      get {
        pthread_getspecific(key).map {
          Unmanaged<Gathered>.fromOpaque($0).takeUnretainedValue()
        }
      }
      set {
        pthread_setspecific(key, newValue.map { Unmanaged.passUnretained($0).toOpaque() })
      }
    }
  }

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
