import CLibuv
import Glibc

/// A program that runs beside this one, in a process group of its own: a terminal's signals do not
/// reach it. It is killed when this process ends, however that comes about.
public final class Subprocess: Sendable {
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

  /// What a program finds behind one of its descriptors.
  public enum Opening: Sendable {
    /// A file that it appends to.
    case appending(String)
    /// What this process has open under that number, which stays the caller's.
    case copy(of: Int32)
  }

  /// Its process number.
  public let id: Int32
  private let end = Locked<Ending?>(nil)

  /// Starts a program.
  ///
  /// Of the descriptors of this process it gets those that are named here, and none above the
  /// greatest of these numbers. A program that is not
  /// there ends with status 127.
  ///
  /// - Parameters:
  ///   - arguments: its name, found as a shell finds it, then what it is called with.
  ///   - environment: its whole environment, each `NAME=value`; this process's by default.
  ///   - directory: where it runs; where this process does by default.
  ///   - openings: its descriptors by number. Those up to 2 are `/dev/null` by default.
  public init(
    _ arguments: [String], environment: [String]? = nil, directory: String? = nil,
    openings: [Int32: Opening] = [:]
  ) throws(RuntimeError) {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    // Copies above all that the program gets: one must not be closed by another taking its place.
    var copies: [Int32] = []
    defer { for copy in copies { close(copy) } }
    let above = max(2, openings.keys.max() ?? 2) + 1
    for number in Set(0...2).union(openings.keys).sorted() {
      switch openings[number] {
      case nil: posix_spawn_file_actions_addopen(&actions, number, "/dev/null", O_RDWR, 0)
      case .appending(let path):
        posix_spawn_file_actions_addopen(
          &actions, number, path, O_WRONLY | O_CREAT | O_APPEND, 0o600)
      case .copy(let descriptor):
        let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, above)
        guard copy >= 0 else { throw RuntimeError(operation: "fcntl", code: -errno) }
        copies.append(copy)
        posix_spawn_file_actions_adddup2(&actions, copy, number)
      }
    }
    fanfare_spawn_without(&actions, above)
    if let directory { fanfare_spawn_in(&actions, directory) }
    let process = Locked<pid_t>(0)
    let code = try Self.spawn(arguments, environment, actions, process)
    guard code == 0 else {
      throw RuntimeError(operation: "cannot start \(arguments.first ?? "")", code: -code)
    }
    id = process.withLock { $0 }
  }

  private static func spawn(
    _ arguments: [String], _ environment: [String]?, _ actions: posix_spawn_file_actions_t,
    _ process: Locked<pid_t>
  ) throws(RuntimeError) -> Int32 {
    // The caller waits for the thread that reads them.
    nonisolated(unsafe) var actions = actions
    return try ProcessStarter.run {
      var attributes = posix_spawnattr_t()
      posix_spawnattr_init(&attributes)
      defer { posix_spawnattr_destroy(&attributes) }
      // Threads of this process block signals that a program expects.
      var none = sigset_t()
      sigemptyset(&none)
      posix_spawnattr_setsigmask(&attributes, &none)
      posix_spawnattr_setpgroup(&attributes, 0)
      posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP))
      // The wish to die with its parent can only be made by the child itself; this does and
      // becomes the program.
      let words = ["setpriv", "--pdeathsig", "KILL", "--"] + arguments
      var texts: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
      var variables: [UnsafeMutablePointer<CChar>?] = (environment ?? []).map { strdup($0) } + [nil]
      defer { for text in texts + variables { free(text) } }
      var number = pid_t()
      let code =
        environment == nil
        ? posix_spawnp(&number, "setpriv", &actions, &attributes, &texts, Glibc.environ)
        : posix_spawnp(&number, "setpriv", &actions, &attributes, &texts, &variables)
      process.withLock { $0 = number }
      return code
    }
  }

  /// Whether it runs still.
  public var isRunning: Bool { ending() == nil }

  /// Sends it a signal, unless it has ended.
  public func signal(_ number: Int32) { send(number, to: id) }

  /// Sends a signal to it and to those it has started, unless it has ended.
  public func signalGroup(_ number: Int32) { send(number, to: -id) }

  private func send(_ number: Int32, to target: pid_t) {
    // Until it is waited for, which happens under this lock alone, its number is nobody else's.
    end.withLock { if $0 == nil { kill(target, number) } }
  }

  /// How it ended; nil while it runs.
  public func ending() -> Ending? { end.withLock { wait(WNOHANG, &$0) } }

  /// As ``ending()``; what it has started and left behind in its group is killed first.
  public func endingOfGroup() -> Ending? {
    end.withLock { end in
      guard end == nil else { return end }
      var information = siginfo_t()
      // Ended but not waited for: its number, and its group's, are nobody else's yet.
      guard waitid(P_PID, id_t(id), &information, WEXITED | WNOWAIT | WNOHANG) == 0,
        information.si_signo == SIGCHLD
      else { return nil }
      kill(-id, SIGKILL)
      return wait(WNOHANG, &end)
    }
  }

  /// Waits until it has ended; blocks the thread.
  @discardableResult
  public func waitForEnding() -> Ending? {
    // Without the lock, so that it can be signalled meanwhile, and leaving the news to be taken.
    var information = siginfo_t()
    while waitid(P_PID, id_t(id), &information, WEXITED | WNOWAIT) < 0, errno == EINTR {}
    return end.withLock { wait(0, &$0) }
  }

  private func wait(_ options: Int32, _ end: inout Ending?) -> Ending? {
    guard end == nil else { return end }
    var status: Int32 = 0
    var found = waitpid(id, &status, options)
    while found < 0, errno == EINTR { found = waitpid(id, &status, options) }
    if found == id {
      let signal = status & 0x7f
      end = signal == 0 ? .status((status >> 8) & 0xff) : .signal(signal)
    }
    return end
  }
}
