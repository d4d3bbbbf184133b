import Glibc
import UnixSignals

/// SIGTERM and SIGINT, from the moment they are trapped.
struct StopSignals {
  private let signals: UnixSignalsSequence

  /// Traps the signals: they no longer end the process by themselves.
  init() async {
    signals = await UnixSignalsSequence(trapping: .sigterm, .sigint)
  }

  /// Calls `stop` at the first signal and ends the process at the second.
  func watch(_ stop: @escaping @Sendable () async -> Void) {
    Task {
      var isStopping = false
      for await signal in signals {
        // 128 and the signal's number is what a shell reports of a process that it ended.
        if isStopping { _exit(128 + (signal == .sigint ? SIGINT : SIGTERM)) }
        isStopping = true
        // Not awaited: the next signal must be heard while it works.
        Task { await stop() }
      }
    }
  }
}
