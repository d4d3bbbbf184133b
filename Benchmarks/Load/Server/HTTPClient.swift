import FanfareRuntime

/// Short requests to the server: health, metrics, what is open.
struct HTTPClient: Sendable {
  struct Answer: Sendable {
    let status: Int
    let body: String
  }

  let address: SocketAddress
  let loop: EventLoop

  /// The answer to a GET; `nil` when there is none.
  func get(_ target: String) async -> Answer? {
    await ask("GET \(target) HTTP/1.1\r\nHost: \(address.text)\r\nConnection: close\r\n\r\n")
  }

  /// The answer to a publish of one event; `nil` when there is none.
  func publish(_ event: String, to channel: String) async -> Answer? {
    await ask(
      "POST /channels/\(channel)/events HTTP/1.1\r\nHost: \(address.text)\r\n"
        + "Connection: close\r\nContent-Type: application/json\r\n"
        + "Content-Length: \(event.utf8.count)\r\n\r\n\(event)")
  }

  private func ask(_ text: String) async -> Answer? {
    let request = Array(text.utf8)
    return await withCheckedContinuation { continuation in
      let exchange = LoopConfined(Exchange(request, continuation), to: loop)
      let isPosted = loop.post { exchange.get.begin(address, on: loop) }
      if !isPosted { continuation.resume(returning: nil) }
    }
  }

  /// The value of one sample of `/metrics`; `nil` when it is not there.
  func metric(_ sample: String) async -> Double? {
    guard let answer = await get("/metrics") else { return nil }
    for line in answer.body.split(separator: "\n") where line.hasPrefix(sample + " ") {
      return Double(line.dropFirst(sample.count + 1))
    }
    return nil
  }

  /// One request on one connection, to its end.
  private final class Exchange: StreamDelegate {
    private let request: [UInt8]
    private var continuation: CheckedContinuation<Answer?, Never>?
    private var body: [UInt8] = []
    private var head: ResponseHead?

    init(_ request: [UInt8], _ continuation: CheckedContinuation<Answer?, Never>) {
      self.request = request
      self.continuation = continuation
    }

    func begin(_ address: SocketAddress, on loop: EventLoop) {
      do {
        _ = try Stream.connect(to: address, on: loop, delegate: self)
      } catch {
        finish(nil)
      }
    }

    func streamIsWritable(_ stream: Stream) {
      let request = request
      if case .sent(request.count) = stream.send(request.span) { return }
      stream.close()
      finish(nil)
    }

    func streamHasInput(_ stream: Stream) {
      if head == nil {
        guard let head = stream.withInput({ ResponseHead($0) }) else { return }
        self.head = head
        stream.consume(head.bytes)
      }
      stream.withInput { input in
        for index in input.indices { body.append(input[index]) }
      }
      stream.consume(stream.inputCount)
    }

    func streamEnded(_ stream: Stream, _ end: StreamEnd) {
      stream.close()
      finish(head.map { Answer(status: $0.status, body: String(decoding: body, as: UTF8.self)) })
    }

    private func finish(_ answer: Answer?) {
      continuation?.resume(returning: answer)
      continuation = nil
    }
  }
}
