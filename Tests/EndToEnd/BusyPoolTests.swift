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
}
