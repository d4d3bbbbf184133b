import FanfareRuntime
import Foundation
import Glibc

/// A headless Chromium as a child process, which reads commands from its descriptor 3 and
/// writes answers to its descriptor 4, each ended by NUL.
final class BrowserProcess {
  private let process: Subprocess
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
    process = try Subprocess(
      [
        executable, "--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe",
        "--no-first-run", "--user-data-dir=\(profile.path)", "about:blank",
      ], openings: [3: .copy(of: theirs), 4: .copy(of: theirs)])
  }

  deinit { end() }

  /// Two ends of one line.
  private static func line() throws -> (ours: Int32, theirs: Int32) {
    var ends: [Int32] = [-1, -1]
    let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
    guard socketpair(AF_UNIX, type, 0, &ends) == 0 else {
      throw ClientFailure.system("socketpair", errno)
    }
    return (ends[0], ends[1])
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
    process.signalGroup(SIGKILL)
    process.waitForEnding()
    Glibc.close(line)
    try? FileManager.default.removeItem(at: profile)
  }
}
