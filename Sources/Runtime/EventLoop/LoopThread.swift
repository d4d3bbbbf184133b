import CLibuv
import Glibc

/// A detached thread with a name.
enum LoopThread {
  private final class Start {
    let name: String
    let body: @Sendable () -> Void

    init(name: String, body: @escaping @Sendable () -> Void) {
      self.name = name
      self.body = body
    }
  }

  /// Runs `body` on a new thread. Returns the system's error code, 0 where there was none.
  @discardableResult
  static func start(name: String, _ body: @escaping @Sendable () -> Void) -> Int32 {
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    defer { pthread_attr_destroy(&attributes) }
    pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    // Swift's frames can be deep in debug builds; the default of a musl or a container may be
    // small.
    pthread_attr_setstacksize(&attributes, 4 * 1024 * 1024)
    var thread = pthread_t()
    // Retained here, taken by the new thread exactly once; taken back if no thread came to be.
    let start = Unmanaged.passRetained(Start(name: name, body: body))
    let code = pthread_create(
      &thread, &attributes,
      { argument in
        guard let argument else { return nil }
        let start = Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
        fanfare_name_thread(start.name)
        LoopThread.blockPipeSignal()
        start.body()
        return nil
      }, start.toOpaque())
    if code != 0 { start.release() }
    return code
  }

  /// A C library may write to a socket whose peer has gone, by calls that would end the process;
  /// blocked, the write just fails. Whoever starts a child from this thread gives it another mask.
  private static func blockPipeSignal() {
    var signals = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, SIGPIPE)
    pthread_sigmask(SIG_BLOCK, &signals, nil)
  }
}
