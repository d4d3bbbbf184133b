import Synchronization

/// The bounds that the loops of a hub share. Touched when a channel opens or a publish waits, never
/// per delivery.
final class HubCounts: Sendable {
  private let channels = Atomic<Int>(0)
  private let inLine = Atomic<Int>(0)

  func openChannel(max: Int) -> Bool { Self.take(channels, max: max) }
  func closeChannel() { channels.subtract(1, ordering: .relaxed) }
  func enterLine(max: Int) -> Bool { Self.take(inLine, max: max) }
  func leaveLine() { inLine.subtract(1, ordering: .relaxed) }

  private static func take(_ counter: borrowing Atomic<Int>, max: Int) -> Bool {
    let before = counter.wrappingAdd(1, ordering: .relaxed).oldValue
    guard before >= max else { return true }
    counter.subtract(1, ordering: .relaxed)
    return false
  }
}
