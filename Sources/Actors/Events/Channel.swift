import DequeModule
import FanfareRuntime

/// One channel at its home: the door through which every publish passes, and the place from which
/// its events go to the loops that have followers. Pinned to the loop of the name's hash.
///
/// Publishing is paced, as ``Pacing`` says.
public actor Channel {
  /// The home loop.
  public nonisolated let unownedExecutor: UnownedSerialExecutor
  /// The channel's name.
  public nonisolated let name: ChannelName

  enum Following {
    case no
    /// The backplane has been asked; loops that wait are told when it answers. What it feeds before
    /// is of an earlier time.
    case asked
    case yes(LogState)
  }

  /// What the backplane's feed brings.
  enum Fed {
    case events([Event])
    /// All up to this offset that was not fed is lost.
    case skipped(through: UInt64)
    case restarted(LogState)
  }

  let loop: EventLoop
  private let namespace: Int
  private let limits: Limits
  let backplane: any Backplane
  let fanout: LoopConfined<Fanout>
  private let counts: HubCounts
  var following = Following.no
  var pacing: Pacing
  private var line = Deque<Gate>()
  /// The publishes under way that have a key, by that key, with their fingerprints.
  private var keyed: [IdempotencyKey: UInt64] = [:]
  private var keyWaiters: [Gate] = []
  private var publishing = 0
  /// The newest position that a publish through this object was given.
  private var newest: Position?

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
    pacing = Pacing(limits)
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
    guard let key else { return try await append(drafts, nil) }
    let fingerprint = key.fingerprint(of: drafts)
    // Asked anew after every wait: another one may have been let through first.
    while let other = keyed[key] {
      guard other == fingerprint else { throw .keyMismatch }
      let gate = Gate(on: loop)
      keyWaiters.append(gate)
      await gate.pass()
    }
    keyed[key] = fingerprint
    defer {
      keyed[key] = nil
      wakeKeyWaiters()
    }
    return try await append(drafts, (key, fingerprint))
  }

  private func wakeKeyWaiters() {
    for waiter in keyWaiters { waiter.open() }
    keyWaiters = []
  }

  private func append(
    _ drafts: [Draft], _ key: (key: IdempotencyKey, fingerprint: UInt64)?
  ) async throws(PublishError) -> [Position] {
    var positions: [Position] = []
    positions.reserveCapacity(drafts.count)
    var hasPlace = false
    defer { if hasPlace { counts.leaveLine() } }
    for (number, slice) in pacing.slices(of: drafts, in: name).enumerated() {
      var hasWaited = number > 0
      while !hasRoom(for: slice, hasPlace: hasPlace) {
        // Once some are stored, the rest is too: a refusal says that nothing was.
        if fanout.get.isStopping, positions.isEmpty { throw .unavailable }
        if !hasPlace {
          let max = positions.isEmpty ? limits.pacedPublishesMax : .max
          guard counts.enterLine(max: max) else { throw .paced }
          hasPlace = true
        }
        let gate = Gate(on: loop)
        if hasWaited { line.prepend(gate) } else { line.append(gate) }
        hasWaited = true
        // Others may have used the room meanwhile: it is looked at again.
        await gate.pass()
      }
      let key = key.map { $0.key.publishKey(slice: number, slice.range, $0.fingerprint) }
      do {
        positions += try await store(Array(drafts[slice.range]), slice, key)
      } catch {
        // Some are stored, so it is not for a refusal to say that none is.
        throw positions.isEmpty ? error : .outcomeUnknown
      }
    }
    return positions
  }

  private func hasRoom(for slice: Pacing.Slice, hasPlace: Bool) -> Bool {
    // What is on its way through a backplane that is away says nothing of the followers.
    guard !fanout.get.isStopping, fanout.get.health == .proven else { return true }
    return (hasPlace || line.isEmpty) && pacing.hasRoom(for: slice)
  }

  private func store(
    _ drafts: [Draft], _ slice: Pacing.Slice, _ key: PublishKey?
  ) async throws(PublishError) -> [Position] {
    let since = loop.now
    pacing.give(slice)
    // The next one in line goes to the backplane behind this one, not after its answer.
    moveLine()
    defer { moveLine() }
    do {
      let positions = try await backplane.publish(drafts, to: name, key: key, on: loop)
      let last = unfed(positions.last)
      pacing.answered(slice, awaiting: last, since: since)
      note(positions, since: since, isFed: last == nil)
      return positions
    } catch {
      pacing.answered(slice, awaiting: nil, since: since)
      throw error
    }
  }

  /// The offset of `last` where this node's feed has still to bring it. One that may bring nothing
  /// for long is not waited for.
  private func unfed(_ last: Position?) -> UInt64? {
    guard fanout.get.health == .proven, case .yes(let log) = following, let last,
      last.epoch == log.epoch, last.offset > log.head
    else { return nil }
    return last.offset
  }

  /// Counts what was published: a repeated publish gets positions that were given before.
  private func note(_ positions: [Position], since: MonotonicInstant, isFed: Bool) {
    guard let first = positions.first, let last = positions.last else { return }
    if let newest, newest.epoch == first.epoch, first.offset <= newest.offset { return }
    newest = last
    fanout.get.metrics.published[namespace] += UInt64(positions.count)
    if isFed, case .yes = following {
      fanout.get.metrics.backplaneLagSeconds = (loop.now - since).inSeconds
    }
  }

  /// Lets the first publish in line look for room. One at a time: it calls the next when it has
  /// taken its part, so the line keeps its order.
  func moveLine() {
    line.popFirst()?.open()
  }

  /// Every publish in line finds out that the hub stops, or that the backplane is away.
  func moveWholeLine() {
    let waiting = line
    line = []
    for gate in waiting { gate.open() }
  }

  // MARK: Life

  /// Whether nothing would be lost if this object went: the log is the backplane's.
  func isIdle() -> Bool {
    guard case .no = following else { return false }
    return pacing.windows.isEmpty && publishing == 0
  }

  /// Where its log stands, as far as this node follows it.
  var head: Position? {
    guard case .yes(let log) = following else { return nil }
    return Position(offset: log.head, epoch: log.epoch)
  }
}
