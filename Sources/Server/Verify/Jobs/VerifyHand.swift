import FanfareActors
import FanfareRuntime

/// One hand of a worker: a connection, and one job after another.
///
/// It never takes no for an answer: what it does after its lease was lost is what must be fenced.
actor VerifyHand {
  /// For how long a write that gets no answer is made again.
  private static let retryTime = Duration.seconds(30)
  /// From this lease on every job is done well, so that all of them end.
  private static let patience: Int64 = 8

  nonisolated let unownedExecutor: UnownedSerialExecutor
  private let worker: VerifyWorker
  private let client: VerifyClient
  private let loop: EventLoop
  private let tell: @Sendable (String) -> Void
  private var random: SeededGenerator

  init(
    _ worker: VerifyWorker, _ number: Int, on loop: EventLoop,
    tell: @escaping @Sendable (String) -> Void
  ) {
    self.worker = worker
    self.loop = loop
    self.tell = tell
    unownedExecutor = loop.asUnownedSerialExecutor()
    var limits = ClientLimits()
    limits.connectTimeout = .seconds(2)
    limits.answerTimeout = .seconds(8)
    client = VerifyClient(worker.server, on: loop, limits: limits)
    random = SeededGenerator(seed: worker.seed &+ UInt64(number) &* 0x9E37)
  }

  func run() async {
    while !Task.isCancelled {
      let asked = now
      do throws(ClientError) {
        let jobs = try await lease()
        for job in jobs {
          told(
            JobRecord(
              .leased, job.id, job.token, number: job.number, asked: asked, answered: now,
              .accepted("running")))
        }
        for job in jobs { await work(on: job) }
      } catch {
        await nap(50...400)
      }
    }
    await client.close()
  }

  // MARK: One job

  private struct Leased {
    let id: String
    let token: Int64
    /// As the server wrote it.
    let claim: String
    let number: Int
  }

  private func lease() async throws(ClientError) -> [Leased] {
    var writer = JSONWriter()
    writer.beginObject()
    writer.member("worker", worker.name)
    writer.key("tasks")
    writer.beginArray()
    writer.string(worker.task)
    writer.endArray()
    writer.key("max")
    writer.int(Int.random(in: 1...3, using: &random))
    writer.key("wait")
    writer.int(2)
    writer.endObject()
    let answer = try await client.post("/queues/\(worker.queue)/lease", writer.bytes)
    guard case .done(let fields) = answer, let jobs = fields.objects("jobs") else {
      throw .notUnderstood("the answer to a lease is not one")
    }
    return jobs.compactMap { job in
      guard let id = job.string("id"), let claim = job.string("lease"),
        let token = LeaseToken(claim),
        let number = job.raw("args").flatMap({ JSONFields($0) })?.int("n")
      else { return nil }
      return Leased(id: id, token: token.number, claim: claim, number: number)
    }
  }

  private func work(on job: Leased) async {
    let manner = job.token < Self.patience ? Int.random(in: 0..<100, using: &random) : 0
    for _ in 0..<Int.random(in: 0...3, using: &random) {
      await nap(1...20)
      await renew(job)
    }
    switch manner {
    case 0..<80: await succeed(job)
    case 80..<86: await write(.fail, job, #","error":"it was its turn to fail""#)
    case 86..<89: await write(.release, job, "")
    case 89..<94:
      // The same again must be answered the same.
      await succeed(job)
      await succeed(job)
    case 94..<96:
      for _ in 0..<4 {
        await wait(worker.lease / 3)
        await renew(job)
      }
      await succeed(job)
    case 96..<98: return
    default:
      await wait(worker.lease * Int.random(in: 11...18, using: &random) / 10)
      if Bool.random(using: &random) { await renew(job) }
      await succeed(job)
    }
  }

  private func renew(_ job: Leased) async {
    switch Int.random(in: 0..<4, using: &random) {
    case 0: await write(.checkpoint, job, #","data":{"n":\#(job.number)}"#)
    case 1: await heartbeat(job)
    default: await write(.progress, job, #","current":1,"total":3"#)
    }
  }

  private func succeed(_ job: Leased) async {
    await write(.succeed, job, #","result":{"n":\#(job.number),"token":\#(job.token)}"#)
  }

  /// Writes under a lease, again and again until there is an answer.
  private func write(_ deed: JobRecord.Deed, _ job: Leased, _ rest: String) async {
    if deed.isEnd {
      told(
        JobRecord(
          .begins, job.id, job.token, number: job.number, asked: now, answered: now,
          .accepted(deed.rawValue)))
    }
    let body = Array(#"{"lease":"\#(job.claim)"\#(rest)}"#.utf8)
    await ask(deed, job, "/jobs/\(job.id)/\(deed.rawValue)", body) { fields in
      .accepted(fields.string("state") ?? "kept")
    }
  }

  private func heartbeat(_ job: Leased) async {
    let body = #"{"leases":[{"id":"\#(job.id)","lease":"\#(job.claim)"}]}"#
    await ask(
      .heartbeat, job, "/workers/\(worker.name)/heartbeat", Array(body.utf8)
    ) { fields in
      fields.strings("lost")?.isEmpty == true ? .accepted("kept") : .fenced
    }
  }

  private func ask(
    _ deed: JobRecord.Deed, _ job: Leased, _ target: String, _ body: [UInt8],
    _ outcome: (JSONFields) -> JobRecord.Outcome
  ) async {
    let deadline = loop.refreshNow() + Self.retryTime
    while !Task.isCancelled {
      let asked = now
      var result = JobRecord.Outcome.unknown
      var mayPass = true
      do throws(ClientError) {
        switch try await client.post(target, body) {
        case .done(let fields): result = outcome(fields)
        case .refused(let refusal):
          result = refusal.kind == "lease-lost" ? .fenced : .refused(refusal.status)
        }
      } catch {
        mayPass = error.mayPass
        if !mayPass { result = .refused(0) }
      }
      told(
        JobRecord(
          deed, job.id, job.token, number: job.number, asked: asked, answered: now, result))
      guard result == .unknown, loop.refreshNow() < deadline else { return }
      await nap(50...300)
    }
  }

  // MARK: Time

  private var now: UInt64 { loop.refreshNow().nanoseconds }

  private func nap(_ milliseconds: ClosedRange<Int>) async {
    await wait(.milliseconds(Int.random(in: milliseconds, using: &random)))
  }

  private func wait(_ time: Duration) async { try? await Task.sleep(for: time) }

  private func told(_ record: JobRecord) { tell(record.line) }
}
