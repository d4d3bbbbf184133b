import FanfareRuntime

/// Who is told that a subscriber's connection has ended.
public protocol SubscriberOwner: AnyObject {
  /// The connection is closed and has left every channel. Called once, on the loop.
  func subscriberEnded(_ subscriber: Subscriber, _ reason: EndReason)
}

/// One channel that a connection asks to follow.
public struct Follow: Sendable, Equatable {
  /// The channel.
  public let channel: ChannelName
  /// Where to begin.
  public let start: StartPoint

  /// Follows `channel` from `start` on.
  public init(channel: ChannelName, start: StartPoint) {
    self.channel = channel
    self.start = start
  }
}

/// The sending half of a connection that follows channels: it owns the socket, the rest of a frame
/// that the kernel did not take whole, and the control lane behind it. Events are never queued here:
/// they stay in the mailbox until the socket takes them. Loop-confined.
public final class Subscriber: StreamDelegate, TimerTarget {
  enum State: Equatable {
    /// Verdicts are being found; so many are missing.
    case attaching(Int)
    case streaming
    /// The last message is on its way; then the socket is closed.
    case leaving(EndReason)
    case ended
  }

  /// The connection.
  public let stream: Stream
  /// How events look on it.
  public let format: any WireFormat
  /// Events handed to the kernel so far.
  public internal(set) var delivered: UInt64 = 0
  /// Events told missing so far, while attached.
  public internal(set) var dropped: UInt64 = 0
  let transport: Transport
  let fanout: Fanout
  private let owner: any SubscriberOwner
  private(set) var followers: [Follower] = []
  private(set) var state = State.attaching(0)
  private var verdicts: [ChannelVerdict] = []
  private var pending: [UInt8] = []
  private var pendingStart = 0
  /// Whether the kernel is full: nothing is sent until the stream is writable again.
  private(set) var isBlocked = false
  var isQueued = false
  private var lastProgress: MonotonicInstant
  private var timer = TimerToken.none

  /// Takes over `stream`, whose input it discards from now on. On the loop.
  public init(
    stream: Stream, format: any WireFormat, transport: Transport, fanout: Fanout,
    owner: any SubscriberOwner
  ) {
    self.stream = stream
    self.format = format
    self.transport = transport
    self.fanout = fanout
    self.owner = owner
    lastProgress = stream.loop.now
  }

  /// The events that wait for this connection, over all its channels.
  public var lag: UInt64 { followers.reduce(0) { $0 + $1.lag } }

  /// Whether this follower can be fed by one slice of its channel's ring.
  var isPlain: Bool { followers.count == 1 && followers[0].filter == nil }

  /// Sends `greeting`, attaches to every channel of `follows`, and streams.
  public func begin(_ follows: [Follow], filter: TypeFilter?, greeting: [UInt8]) {
    stream.delegate = self
    fanout.subscribers += 1
    state = .attaching(follows.count)
    timer = stream.loop.schedule(after: fanout.limits.heartbeat, self)
    write(greeting)
    // The client may be gone already; a follower must not outlive its subscriber.
    guard state != .ended else { return }
    if stream.inputCount > 0 { stream.consume(stream.inputCount) }
    for follow in follows {
      let shard = fanout.shard(for: follow.channel)
      let follower = Follower(
        subscriber: self, shard: shard, start: follow.start, filter: filter)
      followers.append(follower)
      shard.add(follower)
    }
    // Only now: judging the last one ends the attachment.
    for follower in followers where !follower.shard.isJoining { fanout.judge(follower) }
  }

  /// One more channel is judged; with the last one the verdicts are told and the stream begins.
  func judged(_ verdict: ChannelVerdict) {
    guard case .attaching(let missing) = state else { return }
    verdicts.append(verdict)
    guard missing == 1 else {
      state = .attaching(missing - 1)
      return
    }
    state = .streaming
    let order = followers.map(\.shard.channel)
    verdicts.sort { left, right in
      (order.firstIndex(of: left.channel) ?? 0) < (order.firstIndex(of: right.channel) ?? 0)
    }
    var bytes: [UInt8] = []
    format.appendAttached(verdicts, to: &bytes)
    format.appendCursor(followers.map(\.position), to: &bytes)
    verdicts = []
    for follower in followers { follower.state = .ready }
    write(bytes)
    if state == .streaming { fanout.enqueue(self) }
  }

  // MARK: Control lane

  /// Sends control bytes behind what is already on its way, in order with the events.
  func write(_ bytes: [UInt8]) {
    guard state != .ended else { return }
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

  /// The part of `pending` that is the rest of an event's frame, bounded elsewhere.
  private var frameRest = 0

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
    switch stream.send(bytes) {
    case .sent(let count):
      lastProgress = stream.loop.now
      if count < bytes.count { isBlocked = true }
      return count
    case .blocked:
      isBlocked = true
      return 0
    case .failed:
      end(.socketError)
      return 0
    }
  }

  var canSend: Bool { !isBlocked && pending.isEmpty && state == .streaming }

  // MARK: Socket

  /// Input on a stream that only follows has no meaning; it is read so that the end is noticed.
  public func streamHasInput(_ stream: Stream) {
    stream.consume(stream.inputCount)
  }

  /// The kernel has room again.
  public func streamIsWritable(_ stream: Stream) {
    isBlocked = false
    if !pending.isEmpty {
      let sent = offer(pending.span.extracting(pendingStart..<pending.count))
      guard state != .ended else { return }
      pendingStart += sent
      fanout.stalledBytes -= sent
      guard pendingStart == pending.count else { return }
      pending = []
      pendingStart = 0
      frameRest = 0
    }
    switch state {
    case .leaving(let reason): end(reason)
    case .streaming:
      for follower in followers where follower.lag > 0 {
        fanout.metrics.lagEvents.observe(Double(follower.lag))
      }
      fanout.enqueue(self)
    case .attaching, .ended: break
    }
  }

  /// The client has gone.
  public func streamEnded(_ stream: Stream, _ end: StreamEnd) {
    switch end {
    case .finished: self.end(.clientClosed)
    case .failed: self.end(.socketError)
    }
  }

  /// Looks after the quiet connection and the stalled one; one timer for both.
  public func timerFired() {
    timer = .none
    let loop = stream.loop
    let limits = fanout.limits
    let quiet = loop.now - lastProgress
    var wait = limits.heartbeat - quiet
    if isBlocked {
      let patience = limits.writeDeadline * limits.writeDeadlinesMax
      guard quiet < patience else {
        if case .leaving(let reason) = state { return end(reason) }
        return end(.stalled)
      }
      wait = min(patience - quiet, limits.writeDeadline)
    } else if wait <= .zero {
      var bytes: [UInt8] = []
      if state == .streaming, followers.contains(where: \.owesCursor) {
        format.appendCursor(followers.map(\.position), to: &bytes)
        for follower in followers { follower.owesCursor = false }
      } else {
        format.appendHeartbeat(to: &bytes)
      }
      write(bytes)
      wait = limits.heartbeat
    }
    guard state != .ended else { return }
    timer = loop.schedule(after: max(wait, .milliseconds(1)), self)
  }

  // MARK: End

  /// Tells the client why, and when to come back, and closes once that is sent.
  public func leave(_ reason: EndReason, retry: Duration?) {
    switch state {
    case .leaving, .ended: return
    case .attaching, .streaming: break
    }
    var bytes: [UInt8] = []
    format.appendBye(reason, retry: retry, to: &bytes)
    write(bytes)
    guard state != .ended else { return }
    if pending.isEmpty {
      end(reason)
    } else {
      state = .leaving(reason)
    }
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
  }
}
