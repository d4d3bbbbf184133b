import FanfareActors
import FanfareRuntime
import FanfareServer
import FanfareTestKit
import Testing

/// What the workers of the server's own process tell the store, whatever the time.
@Suite struct LocalWorkerTests {
  /// A store of one job, which remembers what its worker says.
  private final class OneJobStore: JobStore {
    struct Told {
      var isLeased = false
      var heartbeats: [[LeaseClaim]] = []
      var ends: [LeaseClaim] = []
    }

    let told = Locked(Told())

    func connect(to feed: any JobStoreFeed) {}
    func start() async throws(JobRefusal) {}
    func stop() async {}

    func perform(
      _ command: JobCommand, on loop: EventLoop
    ) async throws(JobRefusal) -> JobReply {
      switch command {
      case .lease(let queue, _, _, _):
        guard let id = JobID(1), let token = LeaseToken(1) else { throw .noSuchJob }
        let isFirst = told.withLock { told in
          defer { told.isLeased = true }
          return !told.isLeased
        }
        let rest = LeaseRest(left: 0, reason: .tasks)
        guard isFirst else { return .leased([], rest: rest) }
        let job = Job(
          id: id, queue: queue, task: TaskName(checked: "patient"), arguments: Array("{}".utf8),
          state: .running, priority: 0, attemptsMax: 1, created: 0)
        return .leased(
          [LeasedJob(job: job, token: token, lease: .milliseconds(300))], rest: rest)
      case .heartbeat(_, let claims):
        told.withLock { $0.heartbeats.append(claims) }
        return .renewed(Renewal(lease: .milliseconds(300), cancel: [], lost: []))
      case .succeed(let claim, _, _):
        told.withLock { $0.ends.append(claim) }
        return .state(.succeeded)
      case .outbox: return .outbox([])
      case .queues: return .queues([])
      default: return .done(0)
      }
    }
  }

  /// Waits until it is let go.
  private struct Patient: TaskHandler {
    struct Nothing: Codable, Sendable {}

    let task = "patient"
    let release = Locked(false)

    func run(_ arguments: Nothing, _ context: TaskContext) async throws -> Nothing {
      while !release.withLock({ $0 }) { try await Task.sleep(for: .milliseconds(10)) }
      return arguments
    }
  }

  @Test func aJobIsKeptForAsLongAsItsHandlerRuns() async throws {
    let store = OneJobStore()
    let patient = Patient()
    var settings = Settings()
    settings.listen = ListenAddress(host: "127.0.0.1", port: 0)
    settings.loops = .exactly(1)
    settings.queues[QueueName(checked: "sync_queue")]?.lease = .milliseconds(300)
    let server = try FanfareServer(
      settings, logger: CapturedLog().logger, backplane: nil
    ) { _, _ in store }
    try server.handle(patient, in: "sync_queue")
    try await server.start()
    let isKept = await Deadline().holds { store.told.withLock { $0.heartbeats.count } >= 5 }
    #expect(isKept)
    #expect(store.told.withLock { $0.ends.isEmpty })
    patient.release.withLock { $0 = true }
    #expect(await Deadline().holds { !store.told.withLock { $0.ends.isEmpty } })
    await server.stop()
    let (id, token) = try (#require(JobID(1)), #require(LeaseToken(1)))
    let claim = LeaseClaim(job: id, token: token)
    #expect(store.told.withLock { $0.ends } == [claim])
    #expect(store.told.withLock { $0.heartbeats.allSatisfy { $0 == [claim] } })
  }
}
