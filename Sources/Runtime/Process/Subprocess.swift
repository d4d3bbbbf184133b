import CLibuv
import Glibc

/// A program that runs beside this one. It is killed when the thread that started it ends, so when
/// this process does, however that comes about.
public struct Subprocess: Sendable {
  /// How a program ended.
  public enum Ending: Sendable, Equatable, CustomStringConvertible {
    case status(Int32)
    case signal(Int32)

    /// In words for a log.
    public var description: String {
      switch self {
      case .status(let number): "ended with status \(number)"
      case .signal(let number): "was ended by signal \(number)"
      }
    }
  }

  /// Its process number.
  public let id: Int32

  /// Starts a program, in a process group of its own: a terminal's signals do not reach it.
  ///
  /// - Parameters:
  ///   - arguments: its path, then what it is called with.
  ///   - environment: its whole environment, each `NAME=value`.
  ///   - output: the file that both of its output streams are appended to.
  public static func start(
    _ arguments: [String], environment: [String], output: String
  ) throws(RuntimeError) -> Subprocess {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_APPEND, 0o600)
    posix_spawn_file_actions_adddup2(&actions, 1, 2)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    // Threads of loops block signals that a program expects.
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setpgroup(&attributes, 0)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP))
    // The wish to die with its parent can only be made by the child itself; this does and becomes
    // the program.
    let words = ["setpriv", "--pdeathsig", "KILL", "--"] + arguments
    var texts: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
    var variables: [UnsafeMutablePointer<CChar>?] = environment.map { strdup($0) } + [nil]
    defer { for text in texts + variables { free(text) } }
    var process = pid_t()
    let code = posix_spawnp(&process, "setpriv", &actions, &attributes, &texts, &variables)
    guard code == 0 else {
      throw RuntimeError(operation: "cannot start \(arguments.first ?? "")", code: -code)
    }
    return Subprocess(id: process)
  }

  /// Sends it a signal. Not after its ending has been told.
  public func signal(_ number: Int32) { kill(id, number) }

  /// How it ended, told once; nil while it runs.
  public func ending() -> Ending? { ending(WNOHANG) }

  /// Waits until it has ended; blocks the thread.
  @discardableResult
  public func waitForEnding() -> Ending? { ending(0) }

  private func ending(_ options: Int32) -> Ending? {
    var status: Int32 = 0
    var found = waitpid(id, &status, options)
    while found < 0, errno == EINTR { found = waitpid(id, &status, options) }
    guard found == id else { return nil }
    let signal = status & 0x7f
    return signal == 0 ? .status((status >> 8) & 0xff) : .signal(signal)
  }
}
