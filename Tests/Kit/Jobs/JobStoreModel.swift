import FanfareActors
import FanfareRuntime

/// A store of jobs without a disk: a ``JobBook`` on a loop, real or simulated. It can crash and
/// start again, over what a store on a disk would find.
///
/// `@unchecked Sendable`: everything but `home` is touched on `home` alone, which is checked.
package final class JobStoreModel: JobStore, TimerTarget, @unchecked Sendable {
  private let home: EventLoop
  private var book: JobBook?
  private let settings: JobStoreSettings
  private var feed: (any JobStoreFeed)?
  private var isOpen = false
  private var timer = TimerToken.none

  /// A store on `home`.
  ///
  /// - Parameter book: what an earlier one has left.
  package init(_ settings: JobStoreSettings, on home: EventLoop, book: JobBook? = nil) {
    self.settings = settings
    self.home = home
    self.book = book
  }

  package func connect(to feed: any JobStoreFeed) {
    self.feed = feed
  }

  package func start() async throws(JobRefusal) {
    await run { store in
      let moment = JobMoment(of: store.home)
      var book =
        store.book
        ?? JobBook(store.settings, at: moment, seed: store.home.random.next())
      book.start(at: moment)
      store.book = book
      store.isOpen = true
      store.watch()
    }
  }

  package func stop() async {
    await run { store in
      store.crash()
    }
  }

  /// What is in memory is lost, and everything refused until it starts again. On its loop.
  package func crash() {
    home.preconditionOnLoop()
    isOpen = false
    home.cancel(timer)
    book?.crash()
  }

  /// What a crash would leave. On its loop.
  package var durable: JobBook? {
    home.preconditionOnLoop()
    var copy = book
    copy?.crash()
    return copy
  }

  package func perform(
    _ command: JobCommand, on loop: EventLoop
  ) async throws(JobRefusal) -> JobReply {
    let gate = Gate(on: loop)
    let answer = Locked<Result<JobReply, JobRefusal>>(.failure(.unavailable("its loop is full")))
    let isPosted = home.post { [self] in
      let result = perform(command)
      answer.withLock { $0 = result }
      // A model is not asked 65,536 things at a time.
      let isAnswered = loop.post { gate.open() }
      precondition(isAnswered, "the loop that asked is full")
    }
    if isPosted { await gate.pass() }
    return try answer.withLock { $0 }.get()
  }

  private func perform(_ command: JobCommand) -> Result<JobReply, JobRefusal> {
    guard isOpen, var book else { return .failure(.unavailable("the store is closed")) }
    self.book = nil
    let result = book.perform(command, at: JobMoment(of: home))
    self.book = book
    tell()
    return result
  }

  /// Time has passed. On its loop.
  package func timerFired() {
    guard isOpen else { return }
    book?.pass(to: JobMoment(of: home))
    tell()
  }

  private func tell() {
    if let news = book?.news, !news.isEmpty {
      book?.news = JobNews()
      feed?.stored(news)
    }
    watch()
  }

  private func watch() {
    home.cancel(timer)
    guard isOpen, let book else { return }
    var next = book.boundaries.filter { $0 > home.now }.min()
    if book.waitsForWall { next = min(next ?? home.now + .seconds(1), home.now + .seconds(1)) }
    if book.isRestless { next = home.now }
    if let next { timer = home.schedule(at: next, self) }
  }

  /// Runs `body` on the store's loop, without leaving a simulation.
  private func run(_ body: @escaping @Sendable (JobStoreModel) -> Void) async {
    if home.isCurrent { return body(self) }
    await JobStoreModelRoom(home).run(self, body)
  }
}

/// Where whoever calls a store from outside waits for its loop.
private actor JobStoreModelRoom {
  nonisolated let unownedExecutor: UnownedSerialExecutor
  private let loop: EventLoop

  init(_ loop: EventLoop) {
    self.loop = loop
    unownedExecutor = loop.asUnownedSerialExecutor()
  }

  func run(_ store: JobStoreModel, _ body: @Sendable (JobStoreModel) -> Void) {
    body(store)
  }
}
