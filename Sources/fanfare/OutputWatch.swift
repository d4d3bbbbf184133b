/// Notices, on a thread of its own, that the reader of the standard output has gone, although there
/// is nothing to write.
actor OutputWatch {
  nonisolated let unownedExecutor: UnownedSerialExecutor
  private let thread = BlockingThread("output-watch")

  init() {
    unownedExecutor = thread.asUnownedSerialExecutor()
  }

  /// Returns when the reader has gone.
  func closed() { StandardOutput.waitUntilClosed() }
}
