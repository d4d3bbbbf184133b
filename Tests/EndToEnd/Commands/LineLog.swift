import FanfareRuntime
import Foundation
import Glibc

/// The lines that a process writes to one of its streams, to be waited for.
final class LineLog: Sendable {
  struct TimedOut: Error, CustomStringConvertible {
    let seen: [String]
    var description: String { "the line did not come; seen: \(seen.suffix(20))" }
  }

  private struct Waiter {
    let matches: @Sendable (String) -> Bool
    let continuation: CheckedContinuation<String, any Error>
  }

  private struct State {
    var lines: [String] = []
    var partial: [UInt8] = []
    var isEnd = false
    var waiters: [Int: Waiter] = [:]
    var waiterID = 0
    var endWaiters: [CheckedContinuation<Void, Never>] = []
  }

  private let state = Locked(State())

  /// Reads `descriptor` to its end, on a thread of its own, and closes it.
  func read(_ descriptor: Int32) {
    Thread.detachNewThread { [self] in
      var buffer = [UInt8](repeating: 0, count: 64 * 1024)
      while true {
        let count = Glibc.read(descriptor, &buffer, buffer.count)
        if count > 0 { receive(buffer[..<count]) }
        if count == 0 || count < 0 && errno != EINTR { break }
      }
      close(descriptor)
      end()
    }
  }

  private func receive(_ bytes: ArraySlice<UInt8>) {
    for byte in bytes {
      let line: String? = state.withLock { state in
        guard byte == 0x0A else {
          state.partial.append(byte)
          return nil
        }
        defer { state.partial = [] }
        return String(decoding: state.partial, as: UTF8.self)
      }
      if let line { add(line) }
    }
  }

  private func add(_ line: String) {
    let woken = state.withLock { state in
      state.lines.append(line)
      let woken = state.waiters.filter { $0.value.matches(line) }
      for id in woken.keys { state.waiters[id] = nil }
      return Array(woken.values)
    }
    for waiter in woken { waiter.continuation.resume(returning: line) }
  }

  private func end() {
    let (waiting, ending, lines) = state.withLock { state in
      state.isEnd = true
      defer {
        state.waiters = [:]
        state.endWaiters = []
      }
      return (Array(state.waiters.values), state.endWaiters, state.lines)
    }
    for waiter in waiting { waiter.continuation.resume(throwing: TimedOut(seen: lines)) }
    for waiter in ending { waiter.resume() }
  }

  /// Nobody reads the stream: its end will not be seen.
  func abandon() { end() }

  /// Returns when all that was written is among ``lines``.
  func ended() async {
    await withCheckedContinuation { continuation in
      let isEnd = state.withLock { state in
        if !state.isEnd { state.endWaiters.append(continuation) }
        return state.isEnd
      }
      if isEnd { continuation.resume() }
    }
  }

  var lines: [String] { state.withLock { $0.lines } }

  /// The first line that matches, among those that have come or come in time.
  func line(
    within timeout: Duration = .seconds(30), _ matches: @escaping @Sendable (String) -> Bool
  ) async throws -> String {
    try await withCheckedThrowingContinuation { continuation in
      let known: Result<String, any Error>? = state.withLock { state in
        if let line = state.lines.first(where: matches) { return .success(line) }
        if state.isEnd { return .failure(TimedOut(seen: state.lines)) }
        state.waiterID += 1
        let id = state.waiterID
        state.waiters[id] = Waiter(matches: matches, continuation: continuation)
        Task { [weak self] in
          try await Task.sleep(for: timeout)
          self?.giveUp(id)
        }
        return nil
      }
      if let known { continuation.resume(with: known) }
    }
  }

  func line(containing text: String) async throws -> String {
    try await line { $0.contains(text) }
  }

  private func giveUp(_ id: Int) {
    let (waiter, lines) = state.withLock { ($0.waiters.removeValue(forKey: id), $0.lines) }
    waiter?.continuation.resume(throwing: TimedOut(seen: lines))
  }
}
