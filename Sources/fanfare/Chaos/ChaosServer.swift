import FanfareRuntime
import Glibc

/// One server of a cluster that is broken on purpose: it is ended, paused and started again in the
/// same place.
struct ChaosServer {
  /// In lines for people.
  let name: String
  /// Its program and what that is called with.
  let arguments: [String]
  let environment: [String]
  /// Where its log is.
  let log: String
  private var process: Subprocess?

  init(_ name: String, _ arguments: [String], environment: [String], log: String) {
    self.name = name
    self.arguments = arguments
    self.environment = environment
    self.log = log
  }

  /// Whether it was started and not ended since.
  var isRunning: Bool { process != nil }

  mutating func start() throws(RuntimeError) {
    process = try Subprocess(
      arguments, environment: environment, openings: [1: .appending(log), 2: .appending(log)])
  }

  /// How it ended although nobody had wanted that; told once.
  mutating func unexpectedEnding() -> Subprocess.Ending? {
    guard let ending = process?.ending() else { return nil }
    process = nil
    return ending
  }

  func pause() { process?.signal(SIGSTOP) }

  func resume() { process?.signal(SIGCONT) }

  /// Asks it to end with this signal. Returns its process, which is to be waited for.
  mutating func end(_ signal: Int32) -> Subprocess? {
    let ending = process
    process = nil
    ending?.signal(signal)
    return ending
  }

  /// Ends it on the spot.
  mutating func kill() { end(SIGKILL)?.waitForEnding() }
}
