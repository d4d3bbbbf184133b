import Glibc

/// The standard output stream, for programs at its other end.
enum StandardOutput {
  enum Outcome {
    case written
    /// Nobody reads it any more.
    case closed
    /// The system's error number.
    case failed(Int32)
  }

  /// Whether a person reads it.
  static var isTerminal: Bool { isatty(1) == 1 }

  /// Writes all of `bytes`. It blocks while the reader does not read.
  static func write(_ bytes: [UInt8]) -> Outcome {
    var rest = bytes
    while !rest.isEmpty {
      let count = Glibc.write(1, rest, rest.count)
      guard count < 0 else {
        rest.removeFirst(count)
        continue
      }
      switch errno {
      case EINTR: continue
      case EAGAIN:
        // Whoever shares the descriptor made it non-blocking.
        var waiting = pollfd(fd: 1, events: Int16(POLLOUT), revents: 0)
        poll(&waiting, 1, -1)
      case EPIPE: return .closed
      case let code: return .failed(code)
      }
    }
    return .written
  }

  /// Returns once nobody reads the stream any more. For a file, never.
  static func waitUntilClosed() {
    var watched = pollfd(fd: 1, events: 0, revents: 0)
    while poll(&watched, 1, -1) < 0, errno == EINTR {}
  }
}
