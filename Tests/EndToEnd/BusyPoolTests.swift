import FanfareTestKit
import Synchronization
import Testing

/// A server within a program that keeps every thread of the runtime's pool busy.
@Suite struct BusyPoolTests {
  private final class Work: Sendable {
    private let isOver = Atomic<Bool>(false)

    func begin() {
      for _ in 0..<16 {
        Task.detached { [self] in
          while !isOver.load(ordering: .relaxed) {}
        }
      }
    }

    func end() { isOver.store(true, ordering: .relaxed) }
  }

  @Test func everythingIsAnsweredOnTheLoops() async throws {
    try await ServerUnderTest.run { server in
      let work = Work()
      work.begin()
      defer { work.end() }
      let client = try server.connect()
      #expect(try client.publish("/channels/c/events", "t", "1").status == 201)
      #expect(try server.read("/channels/c/events?after=oldest").events.count == 1)
      let stream = try server.stream("/channels/c/events")
      _ = try stream.attached()
      for target in ["/metrics", "/channels", "/connections", "/healthz", "/readyz"] {
        #expect(try client.ask("GET", target).status == 200, "\(target)")
      }
    }
  }

  @Test func jobsMoveOnTheLoops() async throws {
    try await ServerUnderTest.runWithJobs { server in
      let work = Work()
      work.begin()
      defer { work.end() }
      let stream = try server.stream("/projects/7/events")
      _ = try stream.attached()
      let id = try server.enqueue(#"{"task":"t","channel":"project:7"}"#)
      let job = try server.leaseOne()
      #expect(try server.report(job, "progress", #""current":1"#).status == 200)
      #expect(try server.report(job, "succeed").status == 200)
      let events = try stream.events(4)
      #expect(
        events.map(\.event) == ["job_queued", "job_started", "job_progress", "job_succeeded"])
      let own = try server.stream("/jobs/\(id)/events", ["Last-Event-ID: 0"])
      _ = try own.attached()
    }
  }
}
