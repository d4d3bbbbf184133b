import DequeModule
import FanfareRuntime

/// One channel at its home: the door through which every publish passes, and the place from which
/// its events go to the loops that have followers. Pinned to the loop of the name's hash.
///
/// Publishing is paced: at most a quarter of a mailbox is on its way to a loop that has not yet
/// offered it to all its followers, so that a batch never overruns those who keep up.
public actor Channel {
  /// The home loop.
  public nonisolated let unownedExecutor: UnownedSerialExecutor
  /// The channel's name.
  public nonisolated let name: ChannelName

  private enum Following {
    case no
    /// The backplane has been asked; loops that wait are told when it answers.
    case asked
    case yes(epoch: Epoch, head: UInt64, oldest: UInt64)
  }

  /// What is on its way to one loop.
  private struct Window {
    let loop: Int
    var isTold = false
    var fed: UInt64 = 0
    var flushed: UInt64 = 0
    var bytes = 0
  }

  private let loop: EventLoop
  private let namespace: Int
  private let limits: Limits
  private let backplane: any Backplane
  private let fanout: LoopConfined<Fanout>
  private let counts: HubCounts
  private var following = Following.no
  private var windows: [Window] = []
  private var line = Deque<Gate>()
  private var keys = IdempotencyKeys()
  private var keyWaiters: [Gate] = []
  private var publishing = 0

  init(
    name: ChannelName, loop: EventLoop, namespace: Int, limits: Limits,
    backplane: any Backplane, fanout: LoopConfined<Fanout>, counts: HubCounts
  ) {
    self.name = name
    self.loop = loop
    unownedExecutor = loop.asUnownedSerialExecutor()
    self.namespace = namespace
    self.limits = limits
    self.backplane = backplane
    self.fanout = fanout
    self.counts = counts
  }

  // MARK: Publishing

  /// Sequences `drafts` behind everything published before. Returns their positions, in order.
  ///
  /// With a key, the first publish under it decides: a later one with the same drafts gets the same
  /// positions and publishes nothing; while the first is in flight, the later one waits.
  public func publish(
    _ drafts: [Draft], key: IdempotencyKey?
  ) async throws(PublishError) -> [Position] {
    publishing += 1
    defer { publishing -= 1 }
    guard let key else { return try await append(drafts) }
    let fingerprint = IdempotencyKeys.fingerprint(drafts)
    while true {
      expireKeys()
      // Asked anew after every wait: the first publish may have failed, and its key be free again.
      switch keys.begin(key, fingerprint: fingerprint) {
      case .published(let positions): return positions
      case .mismatch: throw .keyMismatch
      case .inFlight:
        let gate = Gate(on: loop)
        keyWaiters.append(gate)
        await gate.pass()
      case .new: return try await appendOnce(drafts, key)
      }
    }
  }

  private func appendOnce(
    _ drafts: [Draft], _ key: IdempotencyKey
  ) async throws(PublishError) -> [Position] {
    defer { wakeKeyWaiters() }
    guard counts.takeKey(max: limits.idempotencyKeysMax) else {
      keys.forget(key)
      throw .tooManyKeys
    }
    do {
      let positions = try await append(drafts)
      keys.finish(key, positions: positions, deadline: loop.now + limits.idempotencyTTL)
      return positions
    } catch {
      keys.forget(key)
      counts.returnKeys(1)
      throw error
    }
  }

  private func append(_ drafts: [Draft]) async throws(PublishError) -> [Position] {
    var positions: [Position] = []
    positions.reserveCapacity(drafts.count)
    var rest = drafts[...]
    var hasPlace = false
    var hasWaited = false
    defer { if hasPlace { counts.leaveLine() } }
    while !rest.isEmpty {
      // Once some are stored, the rest is too: a refusal says that nothing was.
      if fanout.get.isStopping, positions.isEmpty { throw .unavailable }
      let room = hasPlace || line.isEmpty ? roomFor(rest) : 0
      if room < rest.count, !hasPlace {
        guard counts.enterLine(max: limits.pacedPublishesMax) else { throw .paced }
        hasPlace = true
      }
      guard room > 0 else {
        let gate = Gate(on: loop)
        if hasWaited { line.prepend(gate) } else { line.append(gate) }
        hasWaited = true
        await gate.pass()
        // Others may have used the room meanwhile: it is looked at again.
        continue
      }
      let slice = Array(rest.prefix(room))
      rest = rest.dropFirst(room)
      defer { if hasPlace { moveLine() } }
      positions += try await backplane.publish(slice, to: name, key: nil, on: loop)
      fanout.get.metrics.published[namespace] += UInt64(slice.count)
    }
    return positions
  }

  /// How many of `drafts` every loop has room for. One always goes where nothing is on its way,
  /// however large it is.
  private func roomFor(_ drafts: ArraySlice<Draft>) -> Int {
    guard !windows.isEmpty, !fanout.get.isStopping else { return drafts.count }
    let eventsMax = max(1, limits.mailboxEventsMax / 4)
    let bytesMax = limits.mailboxBytesMax / 4
    let events = windows.map { eventsMax - Int($0.fed - $0.flushed) }.min() ?? 0
    var bytes = windows.map { bytesMax - $0.bytes }.min() ?? 0
    let isClear = windows.allSatisfy { $0.fed == $0.flushed }
    var count = 0
    for draft in drafts.prefix(max(0, events)) {
      bytes -= Event.frameBytesMax(draft.type, draft.data, name)
      guard bytes >= 0 || isClear && count == 0 else { break }
      count += 1
    }
    return count
  }

  private func expireKeys() {
    counts.returnKeys(keys.expire(at: loop.now))
  }

  private func wakeKeyWaiters() {
    for waiter in keyWaiters { waiter.open() }
    keyWaiters = []
  }

  // MARK: Feeding the loops

  /// The backplane's feed: events in order, without a hole.
  func received(_ events: [Event]) {
    guard case .yes(let epoch, _, let oldest) = following, let last = events.last else { return }
    following = .yes(epoch: epoch, head: last.position.offset, oldest: oldest)
    let bytes = events.reduce(0) { $0 + $1.frameBytesMax }
    for index in windows.indices where windows[index].isTold {
      windows[index].fed = last.position.offset
      windows[index].bytes += bytes
      fanout.get.send(.events(name, events), to: windows[index].loop)
    }
  }

  /// The backplane's log began anew: what is fed from now on follows its head.
  func restarted(_ log: LogState) {
    guard case .yes = following else { return }
    following = .yes(epoch: log.epoch, head: log.head, oldest: log.oldest)
    for index in windows.indices where windows[index].isTold {
      windows[index].fed = log.head
      windows[index].flushed = log.head
      windows[index].bytes = 0
      fanout.get.send(.restarted(name, log), to: windows[index].loop)
    }
    moveLine()
  }

  /// All followers on `loop` have been offered the events up to `through`.
  func flushed(loop: Int, through offset: UInt64) {
    guard let index = windows.firstIndex(where: { $0.loop == loop }) else { return }
    // A loop that left and came back may still acknowledge what it was fed before.
    windows[index].flushed = max(windows[index].flushed, min(offset, windows[index].fed))
    if windows[index].flushed == windows[index].fed { windows[index].bytes = 0 }
    moveLine()
  }

  /// Lets the first publish in line look for room. One at a time: it calls the next when it has
  /// taken its part, so the line keeps its order.
  private func moveLine() {
    line.popFirst()?.open()
  }

  /// The hub stops: every publish in line finds that out.
  func stop() {
    let waiting = line
    line = []
    for gate in waiting { gate.open() }
  }

  // MARK: Loops with followers

  func attach(loop: Int) {
    windows.removeAll { $0.loop == loop }
    windows.append(Window(loop: loop))
    switch following {
    case .no:
      following = .asked
      Task { await follow() }
    case .asked: break
    case .yes: tellAttached()
    }
  }

  func detach(loop: Int) {
    windows.removeAll { $0.loop == loop }
    if windows.isEmpty, case .yes = following {
      following = .no
      backplane.unfollow(name, on: self.loop)
    }
    moveLine()
  }

  private func follow() async {
    do {
      let log = try await backplane.follow(name, on: loop)
      following = .yes(epoch: log.epoch, head: log.head, oldest: log.oldest)
      // All who asked may have left while the backplane answered.
      guard !windows.isEmpty else {
        following = .no
        backplane.unfollow(name, on: loop)
        return
      }
      tellAttached()
    } catch {
      following = .no
      for window in windows { fanout.get.send(.refused(name), to: window.loop) }
      windows = []
    }
  }

  private func tellAttached() {
    guard case .yes(let epoch, let head, let oldest) = following else { return }
    for index in windows.indices where !windows[index].isTold {
      windows[index].isTold = true
      windows[index].fed = head
      windows[index].flushed = head
      fanout.get.send(
        .attached(name, LogState(epoch: epoch, head: head, oldest: oldest)),
        to: windows[index].loop)
    }
  }

  // MARK: History

  func inspect(for loop: Int) {
    Task {
      guard let log = try? await backplane.state(of: name, on: self.loop) else { return }
      fanout.get.send(.inspected(name, log), to: loop)
    }
  }

  func read(from offset: UInt64, events: Int, for loop: Int) {
    Task {
      let page = try? await backplane.read(
        name, from: offset, eventsMax: events, bytesMax: .max, on: self.loop)
      guard let page else { return }
      fanout.get.send(.page(name, asked: offset, page), to: loop)
    }
  }

  // MARK: Life

  /// Whether nothing would be lost if this object went: the log is the backplane's.
  func isIdle() -> Bool {
    expireKeys()
    return windows.isEmpty && publishing == 0 && keys.count == 0
  }

  /// Where its log stands, as far as this node follows it.
  var head: Position? {
    guard case .yes(let epoch, let head, _) = following else { return nil }
    return Position(offset: head, epoch: epoch)
  }

  /// The loops that have followers.
  var loopsWithFollowers: [Int] { windows.map(\.loop) }
}
