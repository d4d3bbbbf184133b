import FanfareRuntime
import Foundation
import Glibc

/// The built `fanfare` as a child process with bounded life.
final class FanfareProcess: Sendable {
  struct StillRunning: Error {}

  private struct Ending {
    var status: Int32?
    var waiters: [CheckedContinuation<Int32?, Never>] = []
  }

  let output = LineLog()
  let errors = LineLog()
  // Foundation's types are not Sendable; each is used under the lock.
  private let child: Locked<(process: Process, input: Pipe, output: Pipe, errors: Pipe)>
  private let ending = Locked(Ending())

  /// The binary stands beside the test bundle.
  static let binary = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    .deletingLastPathComponent().appendingPathComponent("fanfare")

  /// Starts `fanfare` with these arguments, in an empty environment but for `FANFARE_URL`.
  ///
  /// - Parameters:
  ///   - input: what it reads; nil leaves its input open until ``endInput()``.
  ///   - readsOutput: whether anybody reads what it prints.
  init(
    _ arguments: [String], server: String? = nil, input: String? = "", readsOutput: Bool = true
  ) throws {
    Glibc.signal(SIGPIPE, SIG_IGN)
    let process = Process()
    process.executableURL = Self.binary
    process.arguments = arguments
    process.currentDirectoryURL = FileManager.default.temporaryDirectory
    process.environment = server.map { ["FANFARE_URL": "http://\($0)"] } ?? [:]
    let (inputPipe, outputPipe, errorPipe) = (Pipe(), Pipe(), Pipe())
    process.standardInput = inputPipe
    process.standardOutput = outputPipe
    process.standardError = errorPipe
    child = Locked((process, inputPipe, outputPipe, errorPipe))
    process.terminationHandler = { [weak self] in self?.ended($0.terminationStatus) }
    try process.run()
    if readsOutput { output.read(outputPipe.fileHandleForReading) } else { output.abandon() }
    errors.read(errorPipe.fileHandleForReading)
    if let input {
      write(input)
      endInput()
    }
  }

  deinit {
    child.withLock { child in
      if child.process.isRunning { kill(child.process.processIdentifier, SIGKILL) }
    }
  }

  private func ended(_ status: Int32) {
    let waiters = ending.withLock { ending in
      ending.status = status
      defer { ending.waiters = [] }
      return ending.waiters
    }
    for waiter in waiters { waiter.resume(returning: status) }
  }

  /// Gives it input; what it no longer reads is lost.
  func write(_ text: String) {
    let descriptor = child.withLock { $0.input.fileHandleForWriting.fileDescriptor }
    var bytes = Array(text.utf8)
    while !bytes.isEmpty {
      let count = Glibc.write(descriptor, bytes, bytes.count)
      guard count > 0 || errno == EINTR else { return }
      bytes.removeFirst(max(0, count))
    }
  }

  func endInput() {
    child.withLock { try? $0.input.fileHandleForWriting.close() }
  }

  /// Closes the reading end of its output, as `head` does. Only where nobody reads it.
  func closeOutput() {
    child.withLock { try? $0.output.fileHandleForReading.close() }
  }

  /// Its process number.
  var identifier: Int32 { child.withLock { $0.process.processIdentifier } }

  func signal(_ number: Int32) {
    child.withLock { _ = kill($0.process.processIdentifier, number) }
  }

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
