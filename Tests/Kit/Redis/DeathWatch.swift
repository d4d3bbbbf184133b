import Glibc

/// Ends a child process when this one ends, however that comes about: a test run that crashes or is
/// killed leaves nothing behind.
struct DeathWatch {
  private let watcher: pid_t
  private let line: Int32

  /// Watches over `process`, whose name is `name`.
  init(over process: pid_t, name: String) throws {
    var ends: [Int32] = [-1, -1]
    let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
    guard socketpair(AF_UNIX, type, 0, &ends) == 0 else {
      throw ClientFailure.system("socketpair", errno)
    }
    defer { Glibc.close(ends[0]) }
    line = ends[1]
    // The line ends with this process or `end()`; by then the number may be another's.
    let script =
      "read -r line; [ \"$(cat /proc/$1/comm 2>/dev/null)\" = \"$2\" ] && kill -KILL $1"
    do {
      watcher = try ChildProcess.spawn(
        ["sh", "-c", script, "sh", "\(process)", name], input: ends[0])
    } catch {
      Glibc.close(line)
      throw error
    }
  }

  /// The process has ended, and was waited for.
  func end() {
    Glibc.close(line)
    ChildProcess.wait(for: watcher)
  }
}
