import FanfareActors
import FanfareRuntime

/// One WebSocket whose client follows channels and publishes: the half that listens. What is sent
/// leaves through its ``Subscriber``. Pinned to the connection's loop.
///
/// A client that does not take its answers, or has too many publishes under way, is not read
/// further, so nothing of it piles up here.
actor WebSocketSession: SubscriberOwner {
  private struct Publish {
    let id: [UInt8]
    let channel: ChannelName
    let draft: Draft
    let key: String?
  }

  /// The publishes of one client that may be under way.
  private static let publishesMax = 64

  /// What is needed only while something is being read: most sessions of a node listen in silence.
  private final class Reading {
    var reader: WebSocketReader
    /// When the message under way began.
    var began: MonotonicInstant?

    init(_ reader: WebSocketReader) {
      self.reader = reader
    }
  }

  nonisolated var unownedExecutor: UnownedSerialExecutor {
    record.loop.asUnownedSerialExecutor()
  }

  private let record: LoopConfined<ConnectionRecord>
  private let content: EventContent
  private let isCompressed: Bool
  private var isPublishing = false
  private var isProcessing = false
  private var hasFailed = false
  private var reading: Reading?
  private var rate: MessageRate
  /// One after another, so that they keep their order.
  private var publishes: [Publish] = []

  init(
    record: LoopConfined<ConnectionRecord>, content: EventContent, isCompressed: Bool
  ) {
    self.record = record
    self.content = content
    self.isCompressed = isCompressed
    let site = record.get.site
    rate = MessageRate(perSecond: site.limits.webSocketMessagesMax, now: site.loop.now)
  }

  /// Begins to listen, with what has come already.
  func begin() { process() }

  private var site: LoopSite { record.get.site }
  private var limits: Limits { site.limits }
  /// The sending half; `nil` once the connection has ended.
  private var subscriber: Subscriber? { record.get.subscriber }

  private var format: WebSocketFormat {
    WebSocketFormat(content: content, deflate: isCompressed ? site.deflate : nil)
  }

  // MARK: The subscriber's word

  nonisolated func subscriberHasInput(_ subscriber: Subscriber) {
    assumeIsolated { $0.process() }
  }

  nonisolated func subscriberIsDrained(_ subscriber: Subscriber) {
    assumeIsolated { $0.process() }
  }

  nonisolated func subscriber(
    _ subscriber: Subscriber, isRefused channel: ChannelName, id: [UInt8], _ reason: EndReason
  ) {
    assumeIsolated {
      $0.refuse(reason == .backplaneAway ? .backplaneAway : .tooManyChannels, id)
    }
  }

  nonisolated func subscriberEnded(_ subscriber: Subscriber, _ reason: EndReason) {
    record.get.subscriberEnded(subscriber, reason)
  }

  // MARK: Reading

  private func process() {
    guard !isProcessing else { return }
    isProcessing = true
    defer { isProcessing = false }
    while let subscriber {
      let stream = subscriber.stream
      guard !hasFailed else { return stream.consume(stream.inputCount) }
      let isBusy = subscriber.hasPending || publishes.count >= Self.publishesMax
      // Its close is looked for in any case.
      guard stream.inputCount > 0, !isBusy || subscriber.isLeaving else { return }
      let reading = reading ?? Reading(newReader())
      self.reading = reading
      var consumed = 0
      let outcome = stream.withInput { reading.reader.read($0, consumed: &consumed) }
      stream.consume(consumed)
      if !reading.reader.isWithinMessage {
        // A control frame may come between the fragments of a message.
        reading.began = nil
        self.reading = nil
      }
      switch outcome {
      case .needsMore: return watchMessage(subscriber)
      case .item(let item): receive(item, subscriber)
      case .failed(let fault): fail(fault, subscriber)
      }
    }
  }

  private func newReader() -> WebSocketReader {
    WebSocketReader(
      messageBytesMax: limits.webSocketMessageBytesMax, inflater: format.deflate)
  }

  /// A message has its time, as a body of a request has.
  private func watchMessage(_ subscriber: Subscriber) {
    guard let reading else { return }
    let now = subscriber.stream.loop.now
    let began = reading.began ?? now
    reading.began = began
    guard now - began > limits.bodyReadTimeout else { return }
    hasFailed = true
    subscriber.leave(.slowMessage, retry: nil, awaitsAnswer: false)
  }

  private func fail(_ fault: WebSocketFault, _ subscriber: Subscriber) {
    hasFailed = true
    site.metrics.errors["websocket", "\(fault.code)"] += 1
    var bytes: [UInt8] = []
    WebSocketFrame.appendClose(fault.code, reason: fault.reason, to: &bytes)
    // Where one frame ends and the next begins is not known any more.
    subscriber.leave(
      fault.code == 1009 ? .tooBig : .protocolError, saying: bytes, awaitsAnswer: false)
  }

  private func receive(_ item: WebSocketReader.Item, _ subscriber: Subscriber) {
    if case .close(let code) = item {
      var bytes: [UInt8] = []
      WebSocketFrame.appendClose(code, to: &bytes)
      subscriber.peerClosed()
      return subscriber.leave(.clientClosed, saying: bytes)
    }
    guard !subscriber.isLeaving else { return }
    switch item {
    case .close, .pong: break
    case .ping(let payload):
      guard admit(subscriber, nil) else { return }
      var bytes: [UInt8] = []
      WebSocketFrame.append(.pong, payload, to: &bytes)
      subscriber.write(bytes)
    case .binary:
      guard admit(subscriber, nil) else { return }
      refuse(.badOperation("Send text messages, one JSON object each."), [])
    case .text(let text):
      guard content == .event else {
        // Where only data is sent there are no answers; what such a client says is its keep-alive.
        _ = admit(subscriber, nil)
        return
      }
      let (id, operation) = WebSocketOperation.read(text, limits)
      guard admit(subscriber, id) else { return }
      switch operation {
      case .success(let operation): perform(operation, id, subscriber)
      case .failure(let problem): refuse(problem, id)
      }
    }
  }

  /// Whether the client may send one more message now.
  private func admit(_ subscriber: Subscriber, _ id: [UInt8]?) -> Bool {
    switch rate.take(at: subscriber.stream.loop.now) {
    case .allowed: return true
    case .refused:
      refuse(.tooManyMessages(limits.webSocketMessagesMax), id ?? [])
      return false
    case .hostile:
      hasFailed = true
      subscriber.leave(.rateLimited, retry: nil, awaitsAnswer: false)
      return false
    }
  }

  // MARK: Operations

  private func perform(
    _ operation: WebSocketOperation, _ id: [UInt8], _ subscriber: Subscriber
  ) {
    switch operation {
    case .ping: answer("pong", id) { _ in }
    case .subscribe(let follow, let filter):
      guard !subscriber.isFollowing(follow.channel) else {
        return refuse(.subscribedAlready(follow.channel), id)
      }
      guard subscriber.channels.count < limits.channelsPerConnectionMax else {
        return refuse(.tooManyChannelsHere(limits.channelsPerConnectionMax), id)
      }
      subscriber.follow([follow], filter: filter, id: id)
    case .unsubscribe(let channel): unsubscribe(channel, id, subscriber)
    case .publish(let channel, let draft, let key):
      publishes.append(Publish(id: id, channel: channel, draft: draft, key: key))
      guard !isPublishing else { return }
      isPublishing = true
      Task { await publishAll() }
    }
  }

  private func unsubscribe(
    _ channel: ChannelName, _ id: [UInt8], _ subscriber: Subscriber
  ) {
    var position: Position?
    switch subscriber.unfollow(channel) {
    case .wasNotFollowed: return refuse(.notSubscribed(channel), id)
    case .at(let last): position = last
    case .unjudged(let subscribeID):
      if let subscribeID { refuse(.withdrawn(channel), subscribeID) }
    }
    answer("unsubscribed", id) { writer in
      writer.member("channel", channel.text)
      if let position { writer.member("position", position.description) }
    }
  }

  private func publishAll() async {
    let hub = site.events.hub
    while let next = publishes.first {
      do throws(PublishError) {
        let positions = try await hub.publish(
          [next.draft], to: next.channel,
          key: next.key.map { IdempotencyKey(subject: "", key: $0) })
        answer("published", next.id) { writer in
          for position in positions { writer.member("position", position.description) }
        }
      } catch {
        refuse(Problem(error), next.id)
      }
      publishes.removeFirst()
      process()
    }
    isPublishing = false
  }

  // MARK: Answering

  private func answer(
    _ op: String, _ id: [UInt8], _ members: (inout JSONWriter) -> Void
  ) {
    // The client may have gone while its publish was under way.
    guard let subscriber, !subscriber.isLeaving else { return }
    var bytes: [UInt8] = []
    format.appendObject(op, id: id, to: &bytes, members)
    subscriber.write(bytes)
  }

  private func refuse(_ problem: Problem, _ id: [UInt8]) {
    site.metrics.errors["websocket", problem.kind] += 1
    answer("error", id) { writer in
      writer.member("status", problem.status)
      writer.member("type", "/problems/\(problem.kind)")
      writer.member("title", problem.title)
      writer.member("detail", problem.detail)
      if let seconds = problem.retryAfterSeconds { writer.member("retry", seconds * 1_000) }
    }
  }
}

extension Problem {
  fileprivate static let tooManyChannels = Problem(
    503, "too-many-channels", "This node holds as many channels as it may (limits.channels).",
    retryAfterSeconds: 5)

  fileprivate static func tooManyMessages(_ perSecond: Int) -> Problem {
    Problem(
      429, "too-many-messages",
      "Send at most \(perSecond) messages a second; this one was not read.", retryAfterSeconds: 1)
  }

  fileprivate static func subscribedAlready(_ channel: ChannelName) -> Problem {
    Problem(409, "subscribed-already", "\(channel) is followed here already.")
  }

  fileprivate static func notSubscribed(_ channel: ChannelName) -> Problem {
    Problem(404, "not-subscribed", "\(channel) is not followed here.")
  }

  fileprivate static func withdrawn(_ channel: ChannelName) -> Problem {
    Problem(409, "withdrawn", "\(channel) was unsubscribed before it was attached.")
  }

  fileprivate static func tooManyChannelsHere(_ max: Int) -> Problem {
    Problem(422, "too-many-channels", "Follow at most \(max) channels on one connection.")
  }
}
