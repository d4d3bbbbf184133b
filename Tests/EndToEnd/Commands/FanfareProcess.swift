import FanfareRuntime
import FanfareTestKit
import Foundation
import Glibc

/// The built `fanfare` as a child process with bounded life.
final class FanfareProcess: Sendable {
  struct StillRunning: Error {}

  private struct EndWait {
    var status: Int32?
    var waiters: [CheckedContinuation<Int32?, Never>] = []
  }

  let output = LineLog()
  let errors = LineLog()
  private let process: Subprocess
  // This side's ends of its input and output; -1 once closed.
  private let ends: Locked<(input: Int32, output: Int32)>
  private let ending = Locked(EndWait())

  /// The binary stands beside the test bundle.
  static let binary = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    .deletingLastPathComponent().appendingPathComponent("fanfare")

  /// Starts `fanfare` with these arguments, in an empty environment but for `FANFARE_URL`. A server
  /// keeps no jobs: those of all tests would share one file.
  ///
  /// - Parameters:
  ///   - input: what it reads; nil leaves its input open until ``endInput()``.
  ///   - readsOutput: whether anybody reads what it prints.
  ///   - variables: what its environment holds besides.
  init(
    _ arguments: [String], server: String? = nil, input: String? = "", readsOutput: Bool = true,
    variables: [String] = []
  ) throws {
    Glibc.signal(SIGPIPE, SIG_IGN)
    let (input0, output1, errors2) = (try Self.line(), try Self.line(), try Self.line())
    defer { for end in [input0.read, output1.write, errors2.write] { close(end) } }
    process = try Subprocess(
      [Self.binary.path] + arguments,
      environment: (server.map { ["FANFARE_URL=http://\($0)"] } ?? [])
        + (arguments.first == "serve" ? ["FANFARE_JOBS_STORE=off"] : []) + variables,
      directory: FileManager.default.temporaryDirectory.path,
      openings: [
        0: .copy(of: input0.read), 1: .copy(of: output1.write), 2: .copy(of: errors2.write),
      ])
    ends = Locked((input0.write, readsOutput ? -1 : output1.read))
    if readsOutput { output.read(output1.read) } else { output.abandon() }
    errors.read(errors2.read)
    Thread.detachNewThread { [process, ending] in
      // As a shell tells the signal that ended a program.
      let status: Int32 =
        switch process.waitForEnding() {
        case .status(let number): number
        case .signal(let number): 128 + number
        case nil: -1
        }
      let waiters = ending.withLock { ending in
        ending.status = status
        defer { ending.waiters = [] }
        return ending.waiters
      }
      for waiter in waiters { waiter.resume(returning: status) }
    }
    if let input {
      write(input)
      endInput()
    }
  }

  deinit {
    process.signal(SIGKILL)
    endInput()
    closeOutput()
  }

  private static func line() throws -> (read: Int32, write: Int32) {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { throw ClientFailure.system("pipe", errno) }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    return (ends[0], ends[1])
  }

  /// Gives it input; what it no longer reads is lost.
  func write(_ text: String) {
    let descriptor = ends.withLock { $0.input }
    var bytes = Array(text.utf8)
    while !bytes.isEmpty {
      let count = Glibc.write(descriptor, bytes, bytes.count)
      guard count > 0 || errno == EINTR else { return }
      bytes.removeFirst(max(0, count))
    }
  }

  func endInput() {
    ends.withLock { ends in
      if ends.input >= 0 { close(ends.input) }
      ends.input = -1
    }
  }

  /// Closes the reading end of its output, as `head` does. Only where nobody reads it.
  func closeOutput() {
    ends.withLock { ends in
      if ends.output >= 0 { close(ends.output) }
      ends.output = -1
    }
  }

  /// Its process number.
  var identifier: Int32 { process.id }

  func signal(_ number: Int32) { process.signal(number) }

  /// Its status, once it has ended and all that it wrote has been read.
  func status(within timeout: Duration = .seconds(30)) async throws -> Int32 {
    let timer = Task {
      try await Task.sleep(for: timeout)
      for waiter in takeWaiters() { waiter.resume(returning: nil) }
    }
    defer { timer.cancel() }
    let status = await withCheckedContinuation { continuation in
      let known: Int32? = ending.withLock { ending in
        if ending.status == nil { ending.waiters.append(continuation) }
        return ending.status
      }
      if let known { continuation.resume(returning: known) }
    }
    guard let status else { throw StillRunning() }
    await output.ended()
    await errors.ended()
    return status
  }

  private func takeWaiters() -> [CheckedContinuation<Int32?, Never>] {
    ending.withLock { ending in
      defer { ending.waiters = [] }
      return ending.waiters
    }
  }
}
