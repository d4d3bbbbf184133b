import CEpoll
import Glibc

/// What the machine and Redis cost: `PUBLISH` on one plain socket at a steady rate, and the message
/// on another that has subscribed. The payload is as long as an event's data, nothing is parsed but
/// the time in it.
///
/// `@unchecked Sendable`: used on the loop alone.
final class BareRoundTrip: LoadHandler, @unchecked Sendable {
  private static let publisherToken: UInt32 = 0
  private static let subscriberToken: UInt32 = 1
  private static let timerToken: UInt32 = 2
  /// The time in nanoseconds that a payload begins with.
  private static let timeDigits = 20

  private let loop: LoadLoop
  private let publisher: Int32
  private let subscriber: Int32
  private let timer: Int32
  private let payloadBytes: Int
  private let head: [UInt8]
  /// What stands before and behind the payload of a message.
  private let before: Int
  private let messageBytes: Int
  /// The bytes of the answer to `SUBSCRIBE`, which comes first.
  private var skipped: Int
  private var input: [UInt8] = []
  private var tokens: UInt64 = 0
  private var interval: UInt64 = 0
  private var nextDue: UInt64 = 0
  private(set) var failure: String?
  var latency = LatencyHistogram()

  init(_ loop: LoadLoop, port: UInt16, payloadBytes: Int) {
    self.loop = loop
    let channel = "bench:bare"
    let name = "$\(channel.utf8.count)\r\n\(channel)\r\n"
    let payload = "$\(payloadBytes)\r\n"
    self.payloadBytes = payloadBytes
    head = Array("*3\r\n$7\r\nPUBLISH\r\n\(name)\(payload)".utf8)
    before = "*3\r\n$7\r\nmessage\r\n\(name)\(payload)".utf8.count
    messageBytes = before + payloadBytes + 2
    skipped = "*3\r\n$9\r\nsubscribe\r\n\(name):1\r\n".utf8.count
    timer = load_timer()
    publisher = load_connect(port, 1)
    subscriber = load_connect(port, 1)
    command = Array("*2\r\n$9\r\nSUBSCRIBE\r\n\(name)".utf8)
  }

  /// What is sent when the subscriber's socket stands.
  private var command: [UInt8]

  deinit { Glibc.close(timer) }

  /// Once, on the loop.
  func begin(perSecond rate: Int) {
    guard publisher >= 0, subscriber >= 0 else {
      failure = "the plain sockets cannot connect"
      return
    }
    tokens = loop.register(self)
    loop.watch(timer, .add, for: EPOLLIN.rawValue, token: tokens | UInt64(Self.timerToken))
    loop.watch(
      publisher, .add, for: EPOLLIN.rawValue, token: tokens | UInt64(Self.publisherToken))
    loop.watch(
      subscriber, .add, for: EPOLLOUT.rawValue, token: tokens | UInt64(Self.subscriberToken))
    interval = 1_000_000_000 / UInt64(rate)
  }

  func end() {
    load_arm(timer, 0)
    for descriptor in [publisher, subscriber] where descriptor >= 0 { Glibc.close(descriptor) }
  }

  func ready(_ token: UInt32, _ events: UInt32) {
    switch token {
    case Self.timerToken: tick()
    case Self.publisherToken: drain()
    default: if command.isEmpty { receive() } else { subscribe() }
    }
  }

  private func subscribe() {
    if send(subscriber, command, command.count, Int32(MSG_NOSIGNAL)) != command.count {
      failure = "the plain subscriber cannot send"
    }
    command = []
    loop.watch(
      subscriber, .change, for: EPOLLIN.rawValue, token: tokens | UInt64(Self.subscriberToken))
  }

  private func tick() {
    var count: UInt64 = 0
    _ = read(timer, &count, 8)
    while nextDue <= LoadLoop.now {
      publish(nextDue)
      nextDue += interval
    }
    load_arm(timer, nextDue)
  }

  private func publish(_ time: UInt64) {
    let digits = Array(String(time).utf8)
    var message = head
    message += Array(repeating: UInt8(ascii: "0"), count: Self.timeDigits - digits.count)
    message += digits
    message += Array(repeating: UInt8(ascii: "x"), count: payloadBytes - Self.timeDigits)
    message += [0x0D, 0x0A]
    if send(publisher, message, message.count, Int32(MSG_NOSIGNAL)) != message.count {
      failure = "the plain publisher cannot send"
    }
  }

  /// How many subscribers got each message is of no interest.
  private func drain() {
    _ = recv(publisher, loop.receiveBuffer, LoadLoop.receiveBytes, Int32(MSG_DONTWAIT))
  }

  private func receive() {
    let count = recv(subscriber, loop.receiveBuffer, LoadLoop.receiveBytes, Int32(MSG_DONTWAIT))
    guard count > 0 else {
      if count == 0 { failure = "the plain subscriber's connection ended" }
      return
    }
    let now = LoadLoop.now
    input.append(contentsOf: UnsafeBufferPointer(start: loop.receiveBuffer, count: count))
    if skipped > 0 {
      guard input.count >= skipped else { return }
      input.removeFirst(skipped)
      skipped = 0
      nextDue = now + interval
      load_arm(timer, nextDue)
    }
    var start = 0
    while input.count - start >= messageBytes {
      var time: UInt64 = 0
      for byte in input[(start + before)...].prefix(Self.timeDigits) {
        time = time &* 10 &+ UInt64(byte & 15)
      }
      latency.record(now > time ? now - time : 0)
      start += messageBytes
    }
    input.removeFirst(start)
  }
}
