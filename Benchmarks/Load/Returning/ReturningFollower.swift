import FanfareRuntime

/// A follower that comes back: it heeds the server's `retry`, resumes by its cursor, and checks that
/// every event comes once and in order until it is told otherwise. Loop-confined.
final class ReturningFollower: StreamDelegate, TimerTarget {
  enum Transport {
    case sse
    case webSocket
  }

  private enum State {
    case away
    case connecting
    case head
    case streaming
  }

  /// What a message says, whatever carried it.
  enum Message {
    case attached(verdict: String, position: String?)
    case cursor(String)
    case event(String)
    case gap
    case retry(Int)
    case bye(retry: Int?)
    case end
    case other
  }

  private(set) var isAttached = false
  private(set) var cursor: String?
  /// Events that were lost, doubled or out of order, without being told.
  private(set) var faults = 0
  private(set) var byes = 0
  private(set) var resets = 0
  private let transport: Transport
  private unowned let crowd: ReturningCrowd
  private var state = State.away
  private var stream: Stream?
  private var input: [UInt8] = []
  private var retry = Duration.seconds(3)
  private var expectsCursor = false

  init(_ crowd: ReturningCrowd, _ transport: Transport) {
    self.crowd = crowd
    self.transport = transport
  }

  func connect() {
    state = .connecting
    do {
      stream = try Stream.connect(
        to: crowd.address, from: crowd.source, on: crowd.loop, delegate: self)
    } catch {
      leave()
    }
  }

  func timerFired() {
    if case .away = state, crowd.isOpen { connect() }
  }

  private func leave() {
    stream?.close()
    stream = nil
    input = []
    if isAttached { crowd.left() }
    isAttached = false
    state = .away
    // As an `EventSource` does: after the same time, again and again.
    if crowd.isOpen { _ = crowd.loop.schedule(after: retry, self) }
  }

  func close() {
    stream?.close()
    stream = nil
  }

  // MARK: The stream's word

  func streamIsWritable(_ stream: Stream) {
    guard case .connecting = state else { return }
    state = .head
    let request = Array(head.utf8)
    if case .sent(request.count) = stream.send(request.span) { return }
    leave()
  }

  private var head: String {
    let after = cursor.map { "&after=\($0)" } ?? ""
    let target: String
    var fields = "Host: \(crowd.address.text)\r\n"
    switch transport {
    case .sse:
      target = "/events?channels=\(LoadSide.channel)&format=data\(after)"
      fields += "Accept: text/event-stream\r\n"
    case .webSocket:
      target = "/ws?channels=\(LoadSide.channel)\(after)"
      fields += "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
      fields += "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
    }
    return "GET \(target) HTTP/1.1\r\n\(fields)\r\n"
  }

  func streamHasInput(_ stream: Stream) {
    if case .head = state {
      guard let head = stream.withInput({ ResponseHead($0) }) else { return }
      stream.consume(head.bytes)
      guard head.status == 200 || head.status == 101 else { return leave() }
      state = .streaming
    }
    stream.withInput { bytes in
      for index in bytes.indices { input.append(bytes[index]) }
    }
    stream.consume(stream.inputCount)
    var index = 0
    while let message = next(&index) {
      take(message)
      guard case .streaming = state else { return }
    }
    input.removeFirst(index)
  }

  func streamEnded(_ stream: Stream, _ end: StreamEnd) { leave() }

  private func next(_ index: inout Int) -> Message? {
    switch transport {
    case .sse: FollowerMessages.block(input, &index)
    case .webSocket: FollowerMessages.frame(input, &index)
    }
  }

  // MARK: Messages

  private func take(_ message: Message) {
    switch message {
    case .attached(let verdict, let position):
      isAttached = true
      if verdict == "reset" { resets += 1 }
      // What a new attachment hands out counts from there.
      expectsCursor = true
      if let position { place(position) }
      crowd.came()
    case .cursor(let position): place(position)
    case .event(let position):
      let before = FollowerMessages.offset(cursor)
      if FollowerMessages.offset(position) != before + 1 { faults += 1 }
      cursor = position
      crowd.delivered(FollowerMessages.offset(position))
    case .gap: expectsCursor = true
    case .retry(let milliseconds): retry = .milliseconds(milliseconds)
    case .bye(let milliseconds):
      byes += 1
      if let milliseconds { retry = .milliseconds(milliseconds) }
    case .end: leave()
    case .other: break
    }
  }

  private func place(_ position: String) {
    if !expectsCursor { faults += 1 }
    expectsCursor = false
    cursor = position
  }
}
