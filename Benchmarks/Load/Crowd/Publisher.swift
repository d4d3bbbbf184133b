import CEpoll
import FanfareRuntime
import Glibc

/// Publishes over one keep-alive connection, pipelined: either as many events as a window lets be
/// on their way, or so many a second. With several channels each event goes to the next one.
///
/// `@unchecked Sendable`: used on the crowd's loop alone.
final class Publisher: LoadHandler, Asker, @unchecked Sendable {
  private struct Asked {
    let firstChannel: Int
    let count: Int
    let instant: UInt64
  }

  let crowd: Crowd
  /// The events that may be on their way.
  var window = 1
  /// The events of one request; the server takes 1,000.
  var linesMax = 256
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
  /// The newest offset of each channel, if all that was sent is accepted.
  private(set) var heads: [UInt64]
  /// Their sum.
  private(set) var head: UInt64 = 0
  /// From composing a request to its answer.
  var answerTimes = LatencyHistogram()
  private let connection: PipelinedConnection
  private let path: [UInt8]
  /// What the line of an event begins with, by channel.
  private let lineStarts: [[UInt8]]
  /// Whether the event's number stands in its data, and the data is all that is published.
  private let isNumbered: Bool
  private var padding: [UInt8] = []
  private let timer: Int32
  private var interval: UInt64 = 0
  private var nextDue: UInt64 = 0
  private var nextChannel = 0
  /// What the answers on their way are for.
  private var asked: [Asked] = []
  private var askedStart = 0
  private var body: [UInt8] = []

  init(_ crowd: Crowd, channels: [String], dataBytes: Int, to server: SocketAddress) {
    self.crowd = crowd
    self.dataBytes = dataBytes
    connection = PipelinedConnection(crowd.loop, to: server)
    heads = channels.map { _ in 0 }
    let target = channels.count == 1 ? "/channels/\(channels[0])/events" : "/events"
    path = Array("POST \(target) HTTP/1.1\r\nHost: \(server.text)\r\nContent-Type: ".utf8)
    let isNumbered = crowd.dialect == .nchan
    self.isNumbered = isNumbered
    if isNumbered { linesMax = 1 }
    lineStarts = channels.map { channel in
      if isNumbered { return Array("{\"t\":".utf8) }
      let name = channels.count == 1 ? "" : "\"channel\":\"\(channel)\","
      return Array("{\(name)\"type\":\"load\",\"data\":{\"t\":".utf8)
    }
    timer = load_timer()
  }

  deinit { Glibc.close(timer) }

  /// Once, on the loop.
  func begin() {
    connection.asker = self
    connection.begin()
    crowd.publisher = self
    crowd.loop.watch(timer, .add, for: EPOLLIN.rawValue, token: crowd.loop.register(self))
  }

  /// Publishes so many more events. It connects for that: a server may close a connection that says
  /// nothing for long.
  func publish(_ count: UInt64) {
    left = count
    connection.connect()
    proceed()
  }

  /// Publishes so many events a second, whatever has become of the ones before. Each is stamped
  /// with the time at which it was due: what waits here is late too.
  func publish(perSecond rate: Int) {
    connection.connect()
    interval = 1_000_000_000 / UInt64(rate)
    nextDue = LoadLoop.now + interval
    load_arm(timer, nextDue)
  }

  func stop() {
    left = 0
    interval = 0
    load_arm(timer, 0)
  }

  /// Whether everything sent has been answered.
  var isQuiet: Bool { askedStart == asked.count && connection.isSent }

  private var arrived: UInt64 {
    switch arrival {
    case .answered: accepted
    case .first: crowd.seenByFirst
    case .all: crowd.seenByAll
    }
  }

  /// Fills the window.
  func proceed() {
    guard connection.isConnected, left > 0, connection.isSent else { return }
    while left > 0 {
      let under = Int(clamping: head) - Int(clamping: arrived)
      let count = min(window - under, linesMax, Int(clamping: left))
      guard count > 0 else { break }
      let now = LoadLoop.now
      compose(count) { _ in now }
      left -= UInt64(count)
    }
    connection.flush()
  }

  /// The timer.
  func ready(_ token: UInt32, _ events: UInt32) {
    var count: UInt64 = 0
    _ = read(timer, &count, 8)
    guard interval > 0 else { return }
    let now = LoadLoop.now
    let first = nextDue
    var due = 0
    while nextDue <= now, due < linesMax {
      nextDue += interval
      due += 1
    }
    if due > 0 { compose(due) { first + UInt64($0) * interval } }
    load_arm(timer, nextDue)
    connection.flush()
  }

  // MARK: Requests

  private func compose(_ count: Int, sentAt time: (Int) -> UInt64) {
    asked.append(Asked(firstChannel: nextChannel, count: count, instant: LoadLoop.now))
    body.removeAll(keepingCapacity: true)
    for line in 0..<count {
      if line > 0 { body.append(UInt8(ascii: "\n")) }
      body.append(contentsOf: lineStarts[nextChannel])
      appendRest(of: time(line))
      heads[nextChannel] += 1
      nextChannel = nextChannel + 1 == lineStarts.count ? 0 : nextChannel + 1
    }
    head += UInt64(count)
    connection.output.append(contentsOf: path)
    let isLines = count > 1 || lineStarts.count > 1
    connection.output.append(
      contentsOf: (isLines ? "application/x-ndjson" : "application/json").utf8)
    connection.output.append(contentsOf: "\r\nContent-Length: ".utf8)
    append(UInt64(body.count), to: &connection.output)
    connection.output.append(contentsOf: "\r\n\r\n".utf8)
    connection.output.append(contentsOf: body)
  }

  /// The data is `{"t":NANOSECONDS,"p":"xxx…"}`, as long as asked for.
  private func appendRest(of time: UInt64) {
    let start = body.count
    append(time, to: &body)
    if isNumbered {
      body.append(contentsOf: ",\"n\":".utf8)
      append(heads[nextChannel] + 1, to: &body)
    }
    body.append(contentsOf: ",\"p\":\"".utf8)
    let count = max(0, dataBytes - (body.count - start) - 7)
    if padding.count != count { padding = Array(repeating: UInt8(ascii: "x"), count: count) }
    body.append(contentsOf: padding)
    body.append(contentsOf: (isNumbered ? "\"}" : "\"}}").utf8)
  }

  private func append(_ number: UInt64, to bytes: inout [UInt8]) {
    var divisor: UInt64 = 1
    while number / divisor >= 10 { divisor *= 10 }
    while divisor > 0 {
      bytes.append(UInt8(ascii: "0") + UInt8(number / divisor % 10))
      divisor /= 10
    }
  }

  // MARK: Answers

  func canAsk() { proceed() }

  func answered(_ status: Int, _ body: UnsafeBufferPointer<UInt8>) {
    guard askedStart < asked.count else { return fail("an answer that nobody asked for") }
    answered(status, asked[askedStart])
    askedStart += 1
    if askedStart == asked.count {
      asked.removeAll(keepingCapacity: true)
      askedStart = 0
    }
  }

  private func answered(_ status: Int, _ request: Asked) {
    answerTimes.record(LoadLoop.now - request.instant)
    guard !(200...202).contains(status) else {
      accepted += UInt64(request.count)
      return
    }
    refused += UInt64(request.count)
    for line in 0..<request.count { heads[(request.firstChannel + line) % heads.count] -= 1 }
    head -= UInt64(request.count)
    failure = failure ?? "a publish was answered \(status)"
  }

  func connectionEnded(_ reason: String) {
    if left == 0, isQuiet { return close() }
    fail("the publisher's connection \(reason)")
  }

  func close() {
    stop()
    connection.close()
  }

  private func fail(_ reason: String) {
    failure = failure ?? reason
    close()
  }
}
