import FanfareActors
import FanfareRuntime
import Testing

@testable import FanfareBackplane
@testable import FanfareTestKit

/// A file that cannot be written: nothing of what is refused has happened, nothing that was
/// accepted is lost.
@Suite struct SQLiteJobFaultTests {
  /// Whether an answer says that the store cannot write.
  private static func isFault(_ answer: Result<JobReply, JobRefusal>) -> Bool {
    if case .failure(.unavailable) = answer { true } else { false }
  }

  @Test func aFullDiskRefusesUntilThereIsRoom() throws {
    let play = try SQLiteJobPlay()
    let place = play.place
    play.run { store in
      let kept = try await store.add()
      try place.setPages(in: store.simulation, atMost: 0)
      var accepted = [kept]
      var refusals = 0
      while refusals < 20 {
        let draft = await store.draft { $0.arguments = Array(repeating: 0x31, count: 3_000) }
        switch await store.ask(.enqueue([draft], nil)) {
        case .success(.enqueued(let jobs)): accepted += jobs.map(\.id)
        case let answer:
          try store.expect(Self.isFault(answer), "\(answer)")
          refusals += 1
        }
        try store.expect(accepted.count < 1_000)
      }
      let told = store.feed.all.compactMap(\.fault)
      try store.expect(told.count == 1 && told[0].contains("no room"), "\(told)")
      try store.expect(try await store.queue(.prompt).counts, is: ["queued": accepted.count])
      try place.audit(in: store.simulation)
      try place.setPages(in: store.simulation, atMost: 1_000_000)
      accepted.append(try await store.add())
      try store.expect(store.feed.all.compactMap(\.fault), is: [told[0], ""])
      try await store.crash()
      let found = try await store.list()
      try store.expect(found.map(\.id), is: accepted.reversed())
    }
  }

  @Test func whatIsDueWaitsForTheDiskAndKeepsNobodyFromReading() throws {
    let play = try SQLiteJobPlay()
    let place = play.place
    play.run { store in
      let id = try await store.add { $0.start = .after(.seconds(1)) }
      let running = try await store.add()
      let lease = try await store.takeOne()
      try place.setReadOnly(true, in: store.simulation)
      await store.pass(.seconds(40))
      try store.expect(try await store.job(id).state, is: .scheduled)
      try store.expect(try await store.job(running).state, is: .running)
      let answer = await store.ask(.succeed(lease.claim, result: nil, nil))
      try store.expect(Self.isFault(answer), "\(answer)")
      try store.expect(store.feed.all.compactMap(\.fault).count, is: 1)
      try place.setReadOnly(false, in: store.simulation)
      await store.pass(.seconds(2))
      try store.expect(try await store.job(id).state, is: .queued)
      try store.expect(try await store.job(running).state, is: .queued)
      try place.audit(in: store.simulation)
      try store.expect(store.feed.all.compactMap(\.fault).last, is: "")
      try store.expect(try await store.succeed(lease.claim), is: .succeeded)
    }
  }

  /// At random moments the file refuses writes, sometimes in the middle of a transaction.
  @Test(arguments: 1...12 as ClosedRange<UInt64>)
  func memoryIsAsTheFileAfterEveryFault(seed: UInt64) throws {
    let play = try SQLiteJobPlay(seed: seed)
    let place = play.place
    play.run { store in
      var random = SeededGenerator(seed: seed)
      var leases: [LeasedJob] = []
      var faults = 0
      for _ in 0..<300 {
        let isFaulty = random.below(4) == 0
        if isFaulty { try place.setFault(random.below(3), in: store.simulation) }
        switch await store.ask(Self.command(&random, &leases)) {
        case .success(.leased(let jobs, _)): leases += jobs
        case .failure(.unavailable): faults += 1
        case .success, .failure: break
        }
        if isFaulty { try place.setFault(nil, in: store.simulation) }
        try place.audit(in: store.simulation)
        if random.below(5) == 0 { await store.pass(.milliseconds(random.int(1...20_000))) }
      }
      try store.expect(faults > 10, "\(faults) faults")
      try await store.crash()
    }
  }

  private static func command(
    _ random: inout SeededGenerator, _ leases: inout [LeasedJob]
  ) -> JobCommand {
    let queue = random.pick([QueueName.plain, .prompt])
    guard !leases.isEmpty, random.below(3) > 0 else {
      guard random.below(2) == 0 else {
        return .lease(queue, random.pick([.one, .two]), tasks: nil, max: random.int(1...4))
      }
      var draft = JobDraft(queue: queue, task: random.pick([.work, .rest]), arguments: [0x31])
      draft.channel = ChannelName("c")
      draft.rateKey = random.pick([nil, .budgeted, .free])
      draft.cost = random.below(500)
      if random.below(3) == 0 { draft.start = .after(.seconds(random.int(1...9))) }
      let other = JobDraft(queue: queue, task: .work, arguments: [0x32])
      return random.below(4) == 0 ? .startWorkflow([draft, other], nil) : .enqueue([draft], nil)
    }
    let index = random.below(leases.count)
    let claim = leases[index].claim
    switch random.below(6) {
    case 0: return .progress(claim, JobProgress(current: Double(random.below(100))))
    case 1: return .heartbeat(.one, [claim])
    case 2: return .cancel(claim.job)
    case 3: return .fail(claim, JobFailure(error: "no"))
    case 4: return .release(claim)
    default:
      leases.remove(at: index)
      return .succeed(claim, result: [0x31], .tokens(random.below(900)))
    }
  }

  @Test func aRefusedCommandLeavesTheOthersOfItsGroup() throws {
    let play = try SQLiteJobPlay()
    let place = play.place
    play.run { store in
      let drafts = await [store.draft(), store.draft(QueueName(checked: "none")), store.draft()]
      let before = store.feed.all.count
      let answers = Locked<[Result<JobReply, JobRefusal>]>([])
      await store.askAtOnce(drafts.map { .enqueue([$0], nil) }) { answer in
        answers.withLock { $0.append(answer) }
      }
      await store.pass(.milliseconds(100))
      let refused = answers.withLock { $0 }.compactMap { answer in
        if case .failure(let refusal) = answer { refusal } else { nil }
      }
      try store.expect(refused, is: [.noSuchQueue(QueueName(checked: "none"))])
      try store.expect(try await store.queue(.prompt).counts, is: ["queued": 2])
      // All three were one transaction.
      try store.expect(store.feed.all.count, is: before + 1)
      try place.audit(in: store.simulation)
    }
  }
}
