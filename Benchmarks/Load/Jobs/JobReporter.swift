import FanfareRuntime

/// One of the connections over which a worker reports: one request on its way.
///
/// `@unchecked Sendable`: used on the loop alone.
final class JobReporter: JobLoad, @unchecked Sendable {
  private var pending: [(target: [UInt8], body: [UInt8])] = []
  /// Called when a report was taken.
  var taken: (() -> Void)?

  /// Sends it once those before have their answers.
  func report(_ target: [UInt8], _ body: [UInt8]) {
    pending.append((target, body))
    canAsk()
  }

  override func canAsk() {
    guard connection.isConnected, connection.isSent, waiting == 0, let next = pending.popLast()
    else { return }
    post(next.target, next.body)
    connection.flush()
  }

  override func done(_ body: UnsafeBufferPointer<UInt8>) { taken?() }
}
