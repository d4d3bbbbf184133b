import FanfareRuntime

/// Enqueues jobs over one connection: some in each request, some requests on their way.
///
/// `@unchecked Sendable`: used on the loop alone.
final class JobSource: JobLoad, @unchecked Sendable {
  /// Jobs in a request; one is sent as an object, several as lines.
  private let lines: Int
  /// Requests on their way.
  private let depth: Int
  private let target: [UInt8]
  private let body: [UInt8]
  /// Jobs still to be sent.
  private var left = 0
  /// Jobs that were accepted.
  private(set) var accepted = 0

  /// - Parameter member: more for each job, after a comma.
  init(
    _ loop: LoadLoop, to server: SocketAddress, queue: String, lines: Int, depth: Int,
    argumentBytes: Int = 100, member: String = ""
  ) {
    self.lines = lines
    self.depth = depth
    target = Array("/queues/\(queue)/jobs".utf8)
    let padding = String(repeating: "x", count: max(0, argumentBytes - 8))
    let job = #"{"task":"noop","args":{"p":"\#(padding)"}\#(member)}"#
    body = Array(Array(repeating: job, count: lines).joined(separator: "\n").utf8)
    super.init(loop, to: server)
  }

  /// Sends so many more, in whole requests.
  func enqueue(_ count: Int) {
    left += count / lines * lines
    canAsk()
  }

  /// Whether all were answered.
  var isQuiet: Bool { left == 0 && waiting == 0 || failure != nil }

  override func canAsk() {
    guard connection.isConnected, connection.isSent else { return }
    while left > 0, waiting < depth {
      post(target, body, isLines: lines > 1)
      left -= lines
    }
    connection.flush()
  }

  override func done(_ body: UnsafeBufferPointer<UInt8>) { accepted += lines }
}
