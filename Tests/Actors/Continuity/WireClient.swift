import FanfareRuntime

@testable import FanfareServer

/// A connection of a client: a stream, its pace, and its end. Confined to the clients' loop.
class WireClient: StreamDelegate {
  var stream: FanfareRuntime.Stream?
  /// How many bytes it reads of what has arrived, each time it is asked to; all when `nil`.
  var pace: Int?
  private(set) var isOver = false
  private var output: [UInt8] = []

  /// Connects, and sends `request` once that is done. Returns false where nobody listens.
  @discardableResult
  func start(_ side: any ClientSide, loop: Int, capacity: Int, _ request: [UInt8]) -> Bool {
    stream = side.connect(toLoop: loop, capacity: capacity, self)
    output = request
    flush()
    return stream != nil
  }

  func send(_ bytes: [UInt8]) {
    output += bytes
    flush()
  }

  private func flush() {
    guard let stream, !output.isEmpty else { return }
    switch stream.send(output.span) {
    case .sent(let count): output.removeFirst(count)
    case .blocked: break
    // Not connected yet, or gone: the stream tells.
    case .failed: break
    }
  }

  /// Reads what the pace allows. A slow client is asked now and then, a stalled one never.
  func read() {
    guard let stream, !isOver else { return }
    let count = min(stream.inputCount, pace ?? .max)
    guard count > 0 else { return }
    let bytes = stream.withInput { input in [UInt8](input.extracting(0..<count)) }
    stream.consume(count)
    received(bytes)
  }

  func received(_ bytes: [UInt8]) {}
  func ended() {}

  func end() {
    guard !isOver else { return }
    isOver = true
    stream?.close()
    stream = nil
    ended()
  }

  func streamHasInput(_ stream: FanfareRuntime.Stream) {
    if pace == nil { read() }
  }

  func streamIsWritable(_ stream: FanfareRuntime.Stream) { flush() }

  func streamEnded(_ stream: FanfareRuntime.Stream, _ end: StreamEnd) {
    read()
    self.end()
  }
}
