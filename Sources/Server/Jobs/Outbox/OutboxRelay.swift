import FanfareActors
import FanfareRuntime
import Logging

/// Publishes what the store says is to be published: each entry once, those of a channel in their
/// order, and the rest after a crash or once the backplane is back.
///
/// One page is in hand at a time. What could not be published stays in hand and is tried again,
/// with all that follows it in its channel; entries of other channels pass. Pinned to a loop.
actor OutboxRelay: TimerTarget {
  nonisolated let unownedExecutor: UnownedSerialExecutor

  /// What it has done since the start.
  struct Counts: Sendable {
    var published: UInt64 = 0
    /// All entries up to this number are published.
    var through: Int64 = 0
  }

  private static let pageMax = 512
  private static let pauseMin = Duration.milliseconds(50)
  private static let pauseMax = Duration.seconds(5)

  private let loop: EventLoop
  private let store: any JobStore
  private let lanes: [OutboxLane]
  private let logger: Logger
  private nonisolated let counts = Locked(Counts())
  private nonisolated let isTold = Locked(false)
  /// What was read and is not published yet, in its order.
  private var inHand: [OutboxEntry] = []
  private var through: Int64 = 0
  private var acknowledged: Int64 = 0
  private var pause = OutboxRelay.pauseMin
  private var isFailing = false
  private var hasNews = true
  private var isStopping = false
  private var hasEnded = false
  private var waiting: Gate?
  private var ending: Gate?
  private var timer = TimerToken.none

  init(store: any JobStore, hub: Hub, loop: EventLoop, usesKeys: Bool, logger: Logger) {
    self.store = store
    self.loop = loop
    self.logger = logger
    unownedExecutor = loop.asUnownedSerialExecutor()
    lanes = hub.hubLoops.map { OutboxLane(hub: hub, hubLoop: $0, usesKeys: usesKeys) }
  }

  nonisolated var counted: Counts { counts.withLock { $0 } }

  // MARK: Life

  /// Begins with what an earlier process left. Any thread.
  nonisolated func start() {
    Task { await self.run() }
  }

  /// There is more. Any thread.
  nonisolated func wake() {
    let isFirst = isTold.withLock { isTold in
      defer { isTold = true }
      return !isTold
    }
    guard isFirst else { return }
    let isPosted = loop.post { [self] in assumeIsolated { $0.hear() } }
    // A full inbox is a loop far behind; a task, unlike a message, always finds room.
    if !isPosted { Task { await self.hear() } }
  }

  private func hear() {
    isTold.withLock { $0 = false }
    hasNews = true
    // Not while it waits for the backplane: that has its time.
    if inHand.isEmpty { resume() }
  }

  /// Returns when what is being published has been.
  func stop() async {
    isStopping = true
    resume()
    guard !hasEnded else { return }
    let gate = Gate(on: loop)
    ending = gate
    await gate.pass()
  }

  nonisolated func timerFired() { assumeIsolated { $0.resume() } }

  private func resume() {
    loop.cancel(timer)
    timer = .none
    let gate = waiting
    waiting = nil
    gate?.open()
  }

  /// - Parameter delay: until something is new where there is none.
  private func wait(_ delay: Duration?) async {
    guard !isStopping else { return }
    let gate = Gate(on: loop)
    waiting = gate
    if let delay { timer = loop.schedule(after: delay, self) }
    await gate.pass()
  }

  // MARK: Publishing

  private func run() async {
    while !isStopping {
      guard await fill() else {
        await wait(pauseAfterFailure())
        continue
      }
      if inHand.isEmpty {
        guard !hasNews, acknowledged == through else { continue }
        await wait(nil)
        continue
      }
      if await publish() {
        recovered()
      } else {
        await wait(pauseAfterFailure())
      }
    }
    await acknowledge()
    hasEnded = true
    ending?.open()
  }

  /// Takes the next page in hand where that is empty. Returns false when the store does not answer.
  private func fill() async -> Bool {
    guard await acknowledge() else { return false }
    guard inHand.isEmpty, hasNews else { return true }
    // Before it is read: what comes from now on is told anew.
    hasNews = false
    let command = JobCommand.outbox(after: through, max: Self.pageMax)
    guard case .outbox(let entries)? = try? await store.perform(command, on: loop) else {
      hasNews = true
      return false
    }
    inHand = entries
    if entries.count == Self.pageMax { hasNews = true }
    return true
  }

  /// Publishes what is in hand, each channel's on its home loop. Returns whether all of it is.
  private func publish() async -> Bool {
    var published: Set<Int64> = []
    var failure: PublishError?
    for lane in lanes {
      let own = inHand.filter { lane.isHome(of: $0.channel) }
      guard !own.isEmpty else { continue }
      let outcome = await lane.publish(own)
      published.formUnion(outcome.published)
      failure = failure ?? outcome.failure
    }
    let last = inHand.last?.number ?? through
    inHand.removeAll { published.contains($0.number) }
    through = inHand.first.map { $0.number - 1 } ?? last
    let through = through
    counts.withLock { counts in
      counts.published += UInt64(published.count)
      counts.through = through
    }
    guard let failure else { return true }
    if !isFailing {
      isFailing = true
      logger.warning(
        "events of jobs wait for the backplane", metadata: ["reason": "\(failure)"])
    }
    return false
  }

  /// Lets the store forget what is published. Returns whether it has.
  @discardableResult
  private func acknowledge() async -> Bool {
    guard acknowledged < through else { return true }
    let through = through
    guard (try? await store.perform(.published(through: through), on: loop)) != nil else {
      return false
    }
    acknowledged = through
    return true
  }

  private func pauseAfterFailure() -> Duration {
    defer { pause = min(Self.pauseMax, pause * 2) }
    let milliseconds = pause.milliseconds
    return .milliseconds(
      Int64.random(in: milliseconds / 2...milliseconds, using: &loop.random))
  }

  private func recovered() {
    pause = Self.pauseMin
    guard isFailing else { return }
    isFailing = false
    logger.notice("events of jobs are published again")
  }
}
