import Synchronization

/// The bytes of all logs of a node, counted across its loops.
final class LocalMemory: Sendable {
  private let bytes = Atomic<Int>(0)
  private let bytesMax: Int

  init(bytesMax: Int) {
    self.bytesMax = bytesMax
  }

  func add(_ count: Int) {
    bytes.add(count, ordering: .relaxed)
  }

  var isFull: Bool { bytes.load(ordering: .relaxed) > bytesMax }
}
