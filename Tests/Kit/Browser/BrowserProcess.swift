import Foundation
import Glibc

/// A headless Chromium as a child process, which reads commands from its descriptor 3 and
/// writes answers to its descriptor 4, each ended by NUL.
final class BrowserProcess {
  private let process: pid_t
  private let line: Int32
  private let profile: URL
  private var input: [UInt8] = []
  private var isEnded = false

  init(_ executable: String) throws {
    profile = FileManager.default.temporaryDirectory
      .appending(path: "fanfare-browser-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: profile, withIntermediateDirectories: true)
    let (ours, theirs) = try Self.line()
    defer { Glibc.close(theirs) }
    line = ours
    process = try Self.spawn(
      [
        executable, "--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe",
        "--no-first-run", "--user-data-dir=\(profile.path)", "about:blank",
      ], theirs)
  }

  deinit { end() }

  /// Two ends of one line. Both stand above what the child expects at 3 and 4; only copies reach
  /// it.
  private static func line() throws -> (ours: Int32, theirs: Int32) {
    var ends: [Int32] = [-1, -1]
    let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
    guard socketpair(AF_UNIX, type, 0, &ends) == 0 else {
      throw ClientFailure.system("socketpair", errno)
    }
    let moved = ends.map { fcntl($0, F_DUPFD_CLOEXEC, 10) }
    for end in ends { Glibc.close(end) }
    guard moved.allSatisfy({ $0 >= 0 }) else { throw ClientFailure.system("fcntl", errno) }
    return (moved[0], moved[1])
  }

  private static func spawn(_ arguments: [String], _ line: Int32) throws -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    for descriptor: Int32 in 0...2 {
      posix_spawn_file_actions_addopen(&actions, descriptor, "/dev/null", O_RDWR, 0)
    }
    posix_spawn_file_actions_adddup2(&actions, line, 3)
    posix_spawn_file_actions_adddup2(&actions, line, 4)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    // A group of its own, so that all its processes can be ended by one number.
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))
    posix_spawnattr_setpgroup(&attributes, 0)
    var texts: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) }
    defer { for text in texts { free(text) } }
    texts.append(nil)
    var process = pid_t()
    let code = posix_spawn(&process, arguments[0], &actions, &attributes, texts, environ)
    guard code == 0 else { throw ClientFailure.system("posix_spawn", code) }
    return process
  }

  func send(_ message: [UInt8]) throws {
    var rest = (message + [0])[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes {
        Glibc.send(line, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      if count > 0 {
        rest = rest.dropFirst(count)
      } else if errno != EINTR {
        throw ClientFailure.system("write", errno)
      }
    }
  }

  /// The next message; `nil` when none comes before the deadline.
  func receive(_ deadline: Deadline) throws -> [UInt8]? {
    while true {
      if let end = input.firstIndex(of: 0) {
        defer { input.removeFirst(end + 1) }
        return Array(input[..<end])
      }
      var entry = pollfd(fd: line, events: Int16(POLLIN), revents: 0)
      guard poll(&entry, 1, deadline.millisecondsLeft) > 0 else {
        if deadline.hasPassed { return nil }
        continue
      }
      var buffer = [UInt8](repeating: 0, count: 64 * 1024)
      let count = read(line, &buffer, buffer.count)
      if count == 0 { throw ClientFailure.closed("the browser's answer") }
      if count > 0 { input += buffer[..<count] }
    }
  }

  func end() {
    guard !isEnded else { return }
    isEnded = true
    kill(-process, SIGKILL)
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0, errno == EINTR {}
    Glibc.close(line)
    try? FileManager.default.removeItem(at: profile)
  }
}
