import FanfareRuntime

/// The sending half of a connection that follows channels: it owns the socket, the rest of a frame
/// that the kernel did not take whole, and the control lane behind it. Events are never queued
/// here: they stay in the mailbox until the socket takes them. Loop-confined.
public final class Subscriber: StreamDelegate {
  enum State: Equatable {
    case streaming
    /// The last message is on its way; then the socket is closed.
    case leaving(EndReason)
    /// The last message is out, and the peer has not answered it.
    case closing(EndReason)
    case ended
  }

  /// How long a peer may take to answer the last message.
  private static let closeTimeout = Duration.seconds(2)

  /// The connection.
  public let stream: Stream
  private var pending: [UInt8] = [] {
    didSet { noteLane() }
  }
  /// Events handed to the kernel so far, but for those that passes have sent since their follower's
  /// cursor was last set.
  var delivered: UInt64 = 0
  var lastProgress: MonotonicInstant
  private(set) var state = State.streaming {
    didSet { noteLane() }
  }
  /// Whether the kernel is full: nothing is sent until the stream is writable again.
  private(set) var isBlocked = false {
    didSet { noteLane() }
  }
  /// Whether it can be fed by one slice of its channel's ring: it follows one, and all of it.
  private(set) var isPlain = false
  let transport: Transport

  var isQueued = false
  /// Whether the log of a channel began anew and that has not been told.
  var owesVerdicts = false
  /// What was last told of the backplane.
  var toldHealth = BackplaneHealth.proven
  /// Whether `pending` is what is put together for the first send.
  private var isOpening = false
  /// Whether the peer has said that it goes.
  private var peerHasClosed = false
  /// Whether an answer to the last message could be recognised.
  private var awaitsAnswer = true
  private var pendingStart = 0
  /// The part of `pending` that is the rest of an event's frame, bounded elsewhere.
  private var frameRest = 0
  private(set) var followers = FollowerList()
  private let shared: SharedFormat
  /// Events told missing so far, while attached.
  public internal(set) var dropped: UInt64 = 0
  let fanout: Fanout
  private let owner: any SubscriberOwner
  /// When the peer was last known to be there.
  var lastHeard: MonotonicInstant
  var timer = TimerToken.none

  /// Takes over `stream`. On the loop.
  public init(
    stream: Stream, format: any WireFormat, transport: Transport, fanout: Fanout,
    owner: any SubscriberOwner
  ) {
    self.stream = stream
    shared = fanout.shared(format)
    self.transport = transport
    self.fanout = fanout
    self.owner = owner
    lastProgress = stream.loop.now
    lastHeard = lastProgress
  }

  /// How events look on it.
  public var format: any WireFormat { shared.format }

  /// That of ``format``.
  var formatIdentity: Int16 { shared.identity }

  /// Events handed to the kernel so far.
  public var deliveredCount: UInt64 { followers.reduce(delivered) { $0 + $1.uncounted } }

  /// The events that wait for this connection, over all its channels.
  public var lag: UInt64 { followers.reduce(0) { $0 + $1.lag } }

  /// Whether it has been given all events up to `offset`, of every channel that it follows.
  public func hasDelivered(through offset: UInt64) -> Bool {
    followers.allSatisfy { $0.joining == nil && $0.state == .ready && $0.next > offset }
  }

  /// The channels followed.
  public var channels: [ChannelName] { followers.map(\.shard.channel) }

  /// The cursor of all channels, where the format hands one out; they are judged together there.
  var cursor: [Position] { format.hasCompositeCursor ? followers.map(\.position) : [] }

  /// Takes the socket, sends `greeting` and attaches to `follows`, as by
  /// ``follow(_:filter:id:)``. Verdicts that are known at once leave with the greeting, in one
  /// send. Returns whether the connection has survived that.
  public func begin(greeting: [UInt8], _ follows: [Follow], filter: TypeFilter?) -> Bool {
    stream.delegate = self
    fanout.subscribers += 1
    timer = stream.loop.schedule(after: fanout.limits.heartbeat, self)
    pending = greeting
    isOpening = true
    if !follows.isEmpty { follow(follows, filter: filter) }
    let first = pending
    pending = []
    isOpening = false
    write(first)
    if case .leaving(let reason) = state, pending.isEmpty { said(reason) }
    return state != .ended
  }

  // MARK: Channels

  /// Attaches to every channel of `follows`; their verdicts are told in one message.
  ///
  /// - Parameter id: the client's name for this attachment.
  public func follow(_ follows: [Follow], filter: TypeFilter?, id: [UInt8]? = nil) {
    // Nobody would remove the followers of a subscriber that has ended.
    guard state == .streaming else { return }
    let attachment = Attachment(of: follows.count, id: id)
    let first = followers.count
    for (place, follow) in follows.enumerated() {
      let shard = fanout.shard(for: follow.channel)
      let follower = Follower(
        subscriber: self, shard: shard, filter: filter,
        joining: Follower.Joining(
          attachment: attachment, place: place, start: follow.start))
      followers.append(follower)
      shard.add(follower)
    }
    notePlainness()
    // Only now: judging the last one ends the attachment.
    for follower in followers[first...] where !follower.shard.isJoining { fanout.judge(follower) }
    if !attachment.isComplete, state == .streaming { fanout.holds.hold(self, attachment) }
  }

  private func notePlainness() {
    isPlain = followers.count == 1 && followers[0].filter == nil
    noteLane()
    guard !isPlain else { return }
    for follower in followers where follower.slot >= 0 {
      follower.shard.lanes[follower.slot].socket = .none
    }
  }

  /// Opens the only follower's lane where its shard may send without a look at this object, and
  /// closes it where not. Called whenever anything of that changes.
  func noteLane() {
    guard isPlain, let follower = followers.first, follower.slot >= 0 else { return }
    let isOpen = canSend && follower.state == .ready
    follower.shard.lanes[follower.slot].socket = isOpen ? stream.handle : .none
  }

  /// Whether `channel` is followed or being attached.
  public func isFollowing(_ channel: ChannelName) -> Bool {
    followers.contains { $0.shard.channel == channel }
  }

  /// What became of a channel that a client no longer wants.
  public enum Unfollowed: Sendable, Equatable {
    /// It was followed up to this position.
    case at(Position)
    /// It was not judged yet; the attachment of that name is answered no more.
    case unjudged(id: [UInt8]?)
    case wasNotFollowed
  }

  /// Leaves one channel. What is on its way of it is still delivered.
  public func unfollow(_ channel: ChannelName) -> Unfollowed {
    tellResets()
    guard let index = followers.firstIndex(where: { $0.shard.channel == channel }) else {
      return .wasNotFollowed
    }
    let follower = followers.remove(at: index)
    notePlainness()
    defer { fanout.leave(follower) }
    guard let joining = follower.joining else { return .at(follower.position) }
    follower.joining = nil
    joining.attachment.withdraw(at: joining.place)
    tell(joining.attachment)
    return .unjudged(id: joining.attachment.id)
  }

  /// One more channel is judged; with the last one of its attachment the verdicts are told, and its
  /// events begin.
  func judged(_ follower: Follower, _ verdict: ChannelVerdict) {
    guard let joining = follower.joining else { return }
    joining.attachment.judged(verdict, at: joining.place)
    tell(joining.attachment)
  }

  private func tell(_ attachment: Attachment) {
    guard attachment.isComplete, state == .streaming else { return }
    let verdicts = attachment.verdicts
    guard !verdicts.isEmpty else { return }
    guard format.tellsHoles || !verdicts.contains(where: \.verdict.isHole) else {
      return leave(.hole, retry: nil)
    }
    for follower in followers where follower.joining?.attachment === attachment {
      follower.state = .ready
      follower.joining = nil
    }
    var bytes: [UInt8] = []
    format.appendAttached(verdicts, id: attachment.id, cursor: cursor, to: &bytes)
    write(bytes)
    if state == .streaming { fanout.enqueue(self) }
  }

  /// A channel cannot be followed on this node. Where the client asked for it in a message, that is
  /// refused; else the connection ends.
  func refused(_ follower: Follower, _ reason: EndReason) {
    let channel = follower.shard.channel
    guard let attachment = follower.joining?.attachment, let id = attachment.id else {
      return leave(reason, retry: fanout.retry())
    }
    _ = unfollow(channel)
    owner.subscriber(self, isRefused: channel, id: id, reason)
  }

  // MARK: Control lane

  /// Whether the last message has been said: no event and no answer follows it.
  public var isLeaving: Bool {
    switch state {
    case .streaming: false
    case .leaving, .closing, .ended: true
    }
  }

  /// Whether something waits for the socket: a client that does not read is not served further.
  public var hasPending: Bool { isBlocked || !pending.isEmpty }

  /// Sends control bytes behind what is already on its way, in order with the events.
  public func write(_ bytes: [UInt8]) {
    guard state != .ended, !bytes.isEmpty else { return }
    if isOpening {
      pending.append(contentsOf: bytes)
      return
    }
    if pending.isEmpty, !isBlocked {
      let sent = offer(bytes.span)
      guard sent < bytes.count, state != .ended else { return }
      keep(bytes[sent...])
    } else {
      keep(bytes[...])
    }
    if pending.count - pendingStart > fanout.limits.controlLaneBytesMax + frameRest {
      end(.controlLane)
    }
  }

  private func keep(_ bytes: ArraySlice<UInt8>) {
    guard !bytes.isEmpty else { return }
    pending.append(contentsOf: bytes)
    fanout.stalledBytes += bytes.count
  }

  /// Keeps what the kernel did not take of a frame: the only event bytes that are ever copied for
  /// one follower.
  func keepRest(_ bytes: ArraySlice<UInt8>) {
    guard state != .ended else { return }
    keep(bytes)
    frameRest = bytes.count
    if fanout.stalledBytes > fanout.limits.stalledFrameBytesMax { end(.stalledFrames) }
  }

  /// Offers bytes to the kernel. Returns how many it took; a dead socket ends the subscriber.
  func offer(_ bytes: Span<UInt8>) -> Int {
    took(stream.send(bytes), of: bytes.count)
  }

  /// Takes note of what the kernel took of `count` bytes.
  func took(_ outcome: SendOutcome, of count: Int) -> Int {
    switch outcome {
    case .sent(let sent):
      lastProgress = stream.loop.now
      if sent < count { isBlocked = true }
      return sent
    case .blocked:
      // Patience begins now, not with the last byte before a quiet time.
      if !isBlocked { lastProgress = stream.loop.now }
      isBlocked = true
      return 0
    case .failed:
      end(.socketError)
      return 0
    }
  }

  var canSend: Bool { !isBlocked && pending.isEmpty && state == .streaming }

  // MARK: Socket

  /// The client has sent something; what that means its owner knows.
  public func streamHasInput(_ stream: Stream) {
    lastHeard = stream.loop.now
    owner.subscriberHasInput(self)
  }

  /// The kernel has room again.
  public func streamIsWritable(_ stream: Stream) {
    isBlocked = false
    // It has room because the peer has taken something.
    lastHeard = stream.loop.now
    if !pending.isEmpty {
      let waiting = pending
      let sent = offer(waiting.span.extracting(pendingStart..<waiting.count))
      guard state != .ended else { return }
      pendingStart += sent
      fanout.stalledBytes -= sent
      guard pendingStart == pending.count else { return }
      pending = []
      pendingStart = 0
      frameRest = 0
    }
    switch state {
    case .leaving(let reason): said(reason)
    case .streaming:
      for follower in followers where follower.lag > 0 {
        fanout.metrics.lagEvents.observe(Double(follower.lag))
      }
      fanout.enqueue(self)
      owner.subscriberIsDrained(self)
    case .closing, .ended: break
    }
    if case .closing = state { owner.subscriberIsDrained(self) }
  }

  /// The client has gone.
  public func streamEnded(_ stream: Stream, _ end: StreamEnd) {
    switch (end, state) {
    case (_, .leaving(let reason)), (_, .closing(let reason)): self.end(reason)
    case (.finished, _): self.end(.clientClosed)
    case (.failed, _): self.end(.socketError)
    }
  }

  // MARK: End

  /// Tells the client why, and when to come back, and closes once that is sent.
  public func leave(_ reason: EndReason, retry: Duration?, awaitsAnswer: Bool = true) {
    var bytes: [UInt8] = []
    format.appendBye(reason, retry: retry, to: &bytes)
    leave(reason, saying: bytes, awaitsAnswer: awaitsAnswer)
  }

  /// Sends `bytes` as the last message, and closes once that is sent, and answered where the format
  /// says so. No event follows it.
  ///
  /// - Parameter awaitsAnswer: false where what the client sends is not read any more. It is then
  ///   told by the end of this side, and has a short time to end its own.
  public func leave(_ reason: EndReason, saying bytes: [UInt8], awaitsAnswer: Bool = true) {
    guard state == .streaming else { return }
    self.awaitsAnswer = awaitsAnswer
    write(bytes)
    guard state != .ended else { return }
    state = .leaving(reason)
    if pending.isEmpty { said(reason) }
  }

  /// The peer has said its last message too, or says it first: nothing is to be waited for.
  public func peerClosed() {
    peerHasClosed = true
    if case .closing(let reason) = state { end(reason) }
  }

  private func said(_ reason: EndReason) {
    guard format.isAnswered, !peerHasClosed else { return end(reason) }
    state = .closing(reason)
    if !awaitsAnswer { stream.finishSending() }
    stream.loop.cancel(timer)
    timer = stream.loop.schedule(after: Self.closeTimeout, self)
  }

  /// Closes the connection at once and leaves every channel.
  public func end(_ reason: EndReason) {
    guard state != .ended else { return }
    state = .ended
    fanout.stalledBytes -= pending.count - pendingStart
    pending = []
    pendingStart = 0
    stream.loop.cancel(timer)
    stream.close()
    for follower in followers { fanout.leave(follower) }
    fanout.subscriberEnded(reason)
    owner.subscriberEnded(self, reason)
    // They hold this subscriber.
    followers.removeAll()
    isPlain = false
  }
}
