import DequeModule
import FanfareActors
import FanfareRuntime

/// The store itself, on its loop: takes what all loops ask, does it in groups, and watches over
/// leases and times. Confined to the loop.
///
/// A group is one transaction: what waits, at most ``commandsMax`` commands or ``groupTime``, and
/// what has become due. While one is written, the next gathers.
final class JobCore: TurnParticipant {
  static let commandsMax = 512
  static let groupTime = Duration.milliseconds(8)
  /// Jobs that a group moves because of their time.
  static let dueMax = 500
  /// How long what is due waits, after the file could not be written.
  static let faultPause = Duration.seconds(1)
  /// Commands that may wait; what is asked beyond is refused.
  static let waitingMax = 65_536

  private struct Asked {
    let ticket: JobTicket
    let command: JobCommand
  }

  let loop: EventLoop
  let path: String
  let settings: JobStoreSettings
  var books = JobBooks()
  var group: JobGroup
  private var opened: JobFile?
  private var waiting = Deque<Asked>()
  private var replies: JobReplies
  private var feed: (any JobStoreFeed)?
  private let alarm: JobAlarm
  /// The commands that were asked before leases fell due, and are to be done before any is lost: a
  /// heartbeat may be among them that waits because this store was slow. `nil` where none is due.
  private var askedBefore: Int?
  /// When what is due is tried again, after the file could not be written.
  private var resumes: MonotonicInstant?
  /// What is to be mended, as it was told; empty while the file can be written.
  private var fault = ""

  init(loop: EventLoop, path: String, settings: JobStoreSettings) {
    self.loop = loop
    self.path = path
    self.settings = settings
    group = JobGroup(now: 0, instant: MonotonicInstant(nanoseconds: 0))
    replies = JobReplies(loop: loop)
    alarm = JobAlarm(loop: loop)
  }

  /// The file, within a group.
  var file: JobFile {
    get throws {
      guard let opened else { throw JobRefusal.unavailable("the store is closed") }
      return opened
    }
  }

  // MARK: Life

  /// - Returns: what is to be mended, where the file cannot be used.
  func start(_ feed: (any JobStoreFeed)?) -> JobRefusal? {
    guard opened == nil else { return nil }
    self.feed = feed
    do {
      let file = try JobFile(path)
      opened = file
      group = JobGroup(now: loop.wallMilliseconds(), instant: loop.refreshNow())
      try file.transaction { try load(file) }
      books.begin()
    } catch {
      opened?.close()
      opened = nil
      return .unavailable(JobFileFault.sentence(error, path))
    }
    loop.addTurnParticipant(self)
    watch()
    return nil
  }

  /// Does what was asked before, and closes.
  func stop() {
    while opened != nil, !waiting.isEmpty { runGroup() }
    alarm.cancel()
    opened?.close()
    opened = nil
    _ = replies.send()
  }

  private func load(_ file: JobFile) throws {
    books.tallies.load(try file.tallies())
    books.lanes.reset(books.tallies.queuedLanes)
    books.budgets.load(try file.budgets())
    books.notes.id = try file.counter("id")
    books.notes.outbox = try file.counter("outbox")
    books.notes.paused = try file.pausedQueues()
    books.notes.nextDue = try file.nextDue()
    for (queue, redrive) in try file.redrives() {
      books.notes.redrives[queue] = JobBooks.Redrive(
        perSecond: redrive.perSecond, left: redrive.left, next: group.instant)
    }
    for record in try file.running() {
      books.leases.set(record.job.id, try newLease(of: record))
    }
    books.leases.commit()
    try findNextRemoval()
  }

  // MARK: Groups

  func receive(
    _ asked: [(number: UInt64, request: JobCommand)], from door: LoopConfined<JobDoor>, _ index: Int
  ) {
    replies.know(door, index)
    for (number, command) in asked {
      let ticket = JobTicket(door: index, number: number)
      if opened == nil {
        replies.add(.failure(.unavailable("the job store is closed")), to: ticket)
      } else if waiting.count >= Self.waitingMax {
        replies.add(.failure(.unavailable("too much is asked of the job store")), to: ticket)
      } else {
        waiting.append(Asked(ticket: ticket, command: command))
      }
    }
    // A store that was never started has no turns.
    if opened == nil { _ = replies.send() }
  }

  func endOfTurn() -> Bool {
    if opened != nil, !waiting.isEmpty || isTimeDue {
      runGroup()
    } else if !alarm.isSet {
      // It has rung to look at the clock on the wall, and nothing was due.
      watch()
    }
    let isBehind = replies.send()
    return isBehind || !waiting.isEmpty || (opened != nil && isTimeDue)
  }

  private func runGroup() {
    guard let file = opened else { return }
    group = JobGroup(now: loop.wallMilliseconds(), instant: loop.refreshNow())
    let isTimeDue = isTimeDue
    var taken: [Asked] = []
    var answers: [Result<JobReply, JobRefusal>] = []
    let before = isTimeDue ? askedBefore ?? waiting.count : 0
    books.begin()
    do {
      try file.transaction {
        while let asked = next(after: taken.count) {
          taken.append(asked)
          if canWriteWhatIsDue { try queueDueJobs() }
          answers.append(try answer(asked.command))
        }
        if isTimeDue { try watchOver(leases: taken.count >= before) }
        try writeBooks(file)
      }
      books.commit()
      askedBefore = taken.count < before ? before - taken.count : nil
      if file.hasWritten { tell(fault: "") }
    } catch {
      books.rollBack()
      // It may be what was due that failed: then what was asked is tried again without.
      if isTimeDue {
        waiting.prepend(contentsOf: taken)
        taken = []
      } else if taken.isEmpty {
        while let asked = next(after: taken.count) { taken.append(asked) }
      }
      let sentence = JobFileFault.sentence(error, path)
      answers = taken.map { _ in .failure(.unavailable(sentence)) }
      group = JobGroup(now: group.now, instant: group.instant)
      tell(fault: sentence)
    }
    finish(taken, answers)
  }

  private func tell(fault sentence: String) {
    // What is due stays due, but does not keep what can be read from being answered.
    resumes = sentence.isEmpty ? nil : group.instant + Self.faultPause
    guard fault != sentence else { return }
    fault = sentence
    group.news.fault = sentence
  }

  private func finish(_ taken: [Asked], _ answers: [Result<JobReply, JobRefusal>]) {
    for (asked, answer) in zip(taken, answers) { replies.add(answer, to: asked.ticket) }
    _ = replies.send()
    let news = group.told
    if !news.isEmpty { feed?.stored(news) }
    watch()
  }

  private func next(after count: Int) -> Asked? {
    guard count < Self.commandsMax else { return nil }
    if count % 16 == 15, loop.refreshNow() - group.instant > Self.groupTime { return nil }
    return waiting.popFirst()
  }

  private func answer(_ command: JobCommand) throws -> Result<JobReply, JobRefusal> {
    do {
      return .success(try perform(command))
    } catch let refusal as JobRefusal {
      if refusal == .leaseLost { group.news.fencedWrites += 1 }
      return .failure(refusal)
    }
  }

  private func writeBooks(_ file: JobFile) throws {
    for (key, count) in books.tallies.changed { try file.setTally(key, count) }
    for (key, state) in books.budgets.changed { try file.setBudget(key, state) }
    let before = books.notesKept
    if books.notes.id != before.id { try file.setCounter("id", books.notes.id) }
    if books.notes.outbox != before.outbox { try file.setCounter("outbox", books.notes.outbox) }
  }

  // MARK: Time

  private var isTimeDue: Bool {
    guard canWriteWhatIsDue, let next = nextWatch else { return false }
    return next <= loop.now
  }

  private var canWriteWhatIsDue: Bool { loop.now >= resumes ?? loop.now }

  private func watch() {
    guard opened != nil else { return }
    alarm.set(nextWatch.map { max($0, resumes ?? $0) })
  }
}
