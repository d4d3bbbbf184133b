/// The moment after which a wait has failed.
package struct Deadline: Sendable {
  /// How long a test waits for what must happen soon, on a machine that may be busy.
  package static let patience = Duration.seconds(30)

  private let end: ContinuousClock.Instant

  package init(_ duration: Duration = Deadline.patience) {
    end = ContinuousClock.now + duration
  }

  /// What is left in whole milliseconds, rounded up; 0 when it has passed.
  package var millisecondsLeft: Int32 {
    let left = end - ContinuousClock.now
    guard left > .zero else { return 0 }
    return Int32(clamping: left / .milliseconds(1) + 1)
  }

  package var hasPassed: Bool { ContinuousClock.now >= end }

  /// Asks again and again until `condition` holds. Returns whether it did before the deadline.
  package func holds(_ condition: () async throws -> Bool) async rethrows -> Bool {
    while true {
      if try await condition() { return true }
      if hasPassed { return false }
      try? await Task.sleep(for: .milliseconds(5))
    }
  }
}

extension Duration {
  fileprivate static func / (left: Duration, right: Duration) -> Int64 {
    let ratio: Double = left / right
    return Int64(ratio)
  }
}
