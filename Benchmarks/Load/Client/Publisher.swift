import FanfareRuntime

/// Publishes over one keep-alive connection, pipelined, with a window: so many events are on their
/// way at most. What the window has room for goes out as one request. Loop-confined.
final class Publisher: StreamDelegate {
  /// The events of one request; the server takes 1,000.
  private static let linesMax = 256

  let crowd: Crowd
  /// The events that may be on their way.
  var window = 1
  /// The bytes of an event's data.
  var dataBytes: Int
  var arrival = Arrival.all
  /// The events still to publish.
  private(set) var left: UInt64 = 0
  /// The events that the server has accepted.
  private(set) var accepted: UInt64 = 0
  /// The events that the server has refused, and the status of the first refusal.
  private(set) var refused: UInt64 = 0
  private(set) var failure: String?
  private let path: [UInt8]
  private var stream: Stream?
  private var isConnected = false
  /// The newest offset, if all that was sent is accepted.
  private(set) var head: UInt64 = 0
  private var asked: [Int] = []
  private var output: [UInt8] = []
  private var outputStart = 0
  private var body: [UInt8] = []

  init(_ crowd: Crowd, channel: String, dataBytes: Int) {
    self.crowd = crowd
    self.dataBytes = dataBytes
    let host = crowd.address.text
    path = Array("POST /channels/\(channel)/events HTTP/1.1\r\nHost: \(host)\r\n".utf8)
  }

  /// Publishes so many more events. It connects for that: a server may close a connection that says
  /// nothing for long.
  func publish(_ count: UInt64) {
    left = count
    if stream == nil {
      crowd.publisher = self
      do {
        stream = try Stream.connect(to: crowd.address, on: crowd.loop, delegate: self)
      } catch {
        fail("\(error)")
      }
    }
    proceed()
  }

  func stop() { left = 0 }

  /// Whether everything sent has been answered.
  var isQuiet: Bool { asked.isEmpty && outputStart == output.count }

  private var arrived: UInt64 {
    switch arrival {
    case .answered: accepted
    case .first: crowd.seenByFirst
    case .all: crowd.seenByAll
    }
  }

  /// Fills the window.
  func proceed() {
    guard isConnected, left > 0, outputStart == output.count else { return }
    let under = Int(clamping: head) - Int(clamping: arrived)
    let count = min(window - under, Self.linesMax, Int(clamping: left))
    guard count > 0 else { return }
    compose(count)
    send()
  }

  private func compose(_ count: Int) {
    let now = crowd.loop.refreshNow().nanoseconds
    body.removeAll(keepingCapacity: true)
    for line in 0..<count {
      if line > 0 { body.append(UInt8(ascii: "\n")) }
      body.append(contentsOf: "{\"type\":\"load\",\"data\":".utf8)
      appendData(now)
      body.append(UInt8(ascii: "}"))
    }
    output.removeAll(keepingCapacity: true)
    outputStart = 0
    let type = count == 1 ? "application/json" : "application/x-ndjson"
    output.append(contentsOf: path)
    output.append(
      contentsOf: "Content-Type: \(type)\r\nContent-Length: \(body.count)\r\n\r\n".utf8)
    output.append(contentsOf: body)
    asked.append(count)
    head += UInt64(count)
    left -= UInt64(count)
  }

  /// `{"t":NANOSECONDS,"p":"xxx…"}`, as long as asked for.
  private func appendData(_ now: UInt64) {
    let start = body.count
    body.append(contentsOf: "{\"t\":\(now),\"p\":\"".utf8)
    let padding = dataBytes - (body.count - start) - 2
    for _ in 0..<max(0, padding) { body.append(UInt8(ascii: "x")) }
    body.append(contentsOf: "\"}".utf8)
  }

  private func send() {
    guard let stream else { return }
    let output = output
    switch stream.send(output.span.extracting(outputStart..<output.count)) {
    case .sent(let count): outputStart += count
    case .blocked: break
    case .failed(let code): fail("the publisher's connection failed: \(code)")
    }
  }

  func streamIsWritable(_ stream: Stream) {
    isConnected = true
    if outputStart < output.count { send() }
    proceed()
  }

  func streamHasInput(_ stream: Stream) {
    while let head = stream.withInput({ ResponseHead($0) }),
      stream.inputCount >= head.bytes + head.contentLength
    {
      stream.consume(head.bytes + head.contentLength)
      guard !asked.isEmpty else { return fail("an answer that nobody asked for") }
      answered(head.status, asked.removeFirst())
    }
    proceed()
  }

  private func answered(_ status: Int, _ count: Int) {
    if status == 200 || status == 201 {
      accepted += UInt64(count)
    } else {
      refused += UInt64(count)
      head -= UInt64(count)
      failure = failure ?? "a publish was answered \(status)"
    }
  }

  func streamEnded(_ stream: Stream, _ end: StreamEnd) {
    if left == 0, isQuiet { return close() }
    fail("the publisher's connection ended: \(end)")
  }

  func close() {
    left = 0
    stream?.close()
    stream = nil
    isConnected = false
  }

  private func fail(_ reason: String) {
    failure = failure ?? reason
    close()
  }
}
