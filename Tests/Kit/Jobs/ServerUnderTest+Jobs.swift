import FanfareActors
import FanfareServer
import Foundation

/// A server under test that keeps jobs in a directory of its own.
extension ServerUnderTest {
  /// Runs `body` with a server that keeps jobs, in a file that is gone afterwards.
  package static func runWithJobs(
    _ change: (inout Settings) -> Void = { _ in }, over backplane: (any Backplane)? = nil,
    _ body: (ServerUnderTest) async throws -> Void
  ) async throws {
    try await withJobsDirectory { directory in
      try await run(
        { settings in
          settings.keepJobs(in: directory)
          change(&settings)
        }, over: backplane, body)
    }
  }

  /// Runs `body` with a server that keeps jobs in `store`.
  package static func run(
    keepingJobsIn store: any JobStore, _ body: (ServerUnderTest) async throws -> Void
  ) async throws {
    try await onThread {
      var settings = Settings()
      settings.listen = ListenAddress(host: "127.0.0.1", port: 0)
      settings.loops = .exactly(2)
      let log = CapturedLog()
      let server = try FanfareServer(settings, logger: log.logger, backplane: nil) { _, _ in store }
      try await server.start()
      let port = server.address?.split(separator: ":").last.flatMap { UInt16($0) }
      do {
        try await body(ServerUnderTest(server: server, port: port ?? 0, log: log))
      } catch {
        await server.stop()
        throw error
      }
      await server.stop()
    }
  }

  /// Runs `body` with a directory that is gone afterwards.
  package static func withJobsDirectory(_ body: (String) async throws -> Void) async throws {
    let directory = FileManager.default.temporaryDirectory
      .appendingPathComponent("fanfare-jobs-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    try await body(directory.path)
  }

  // MARK: Jobs

  /// Sends JSON.
  package func post(
    _ target: String, _ body: String, _ fields: [String] = []
  ) throws -> HTTPAnswer {
    try ask("POST", target, ["Content-Type: application/json"] + fields, body: body)
  }

  /// Makes a job. Returns its id.
  package func enqueue(_ body: String, in queue: String = "agent_queue") throws -> String {
    let answer = try post("/queues/\(queue)/jobs", body)
    guard answer.status == 201, let id = try answer.tree["id"]?.text else {
      throw ClientFailure.malformed("\(answer.status) \(answer.text)")
    }
    return id
  }

  /// What `GET /jobs/{id}` says.
  package func job(_ id: String) throws -> JSONTree {
    let answer = try ask("GET", "/jobs/\(id)")
    guard answer.status == 200 else {
      throw ClientFailure.malformed("\(answer.status) \(answer.text)")
    }
    return try answer.tree
  }

  /// Leases jobs as `worker`.
  package func lease(
    _ worker: String = "w1", max: Int = 1, wait: Int = 5, from queue: String = "agent_queue"
  ) throws -> [LeasedBody] {
    let answer = try post(
      "/queues/\(queue)/lease", #"{"worker":"\#(worker)","max":\#(max),"wait":\#(wait)}"#)
    let body: LeasedBodies = try answer.json()
    return body.jobs
  }

  /// Leases the one job that there must be.
  package func leaseOne(
    _ worker: String = "w1", from queue: String = "agent_queue"
  ) throws -> LeasedBody {
    let jobs = try lease(worker, from: queue)
    guard jobs.count == 1 else { throw ClientFailure.malformed("\(jobs.count) jobs") }
    return jobs[0]
  }

  /// What a worker says of a job that it has: `members` behind its lease.
  package func report(
    _ job: LeasedBody, _ what: String, _ members: String = ""
  ) throws -> HTTPAnswer {
    try post(
      "/jobs/\(job.id)/\(what)",
      #"{"lease":"\#(job.lease)"\#(members.isEmpty ? "" : "," + members)}"#)
  }
}

extension Settings {
  /// Keeps jobs in `directory`.
  package mutating func keepJobs(in directory: String) {
    jobs.store = .sqlite
    jobs.path = directory + "/jobs.sqlite"
  }
}

/// One job of an answer to a request for jobs.
package struct LeasedBody: Decodable, Sendable {
  package let id: String
  package let task: String
  package let args: JSONTree
  package let input: JSONTree?
  package let checkpoint: JSONTree?
  package let attempt: Int
  package let lease: String
  package let deadline: String
}

/// The answer to a request for jobs.
package struct LeasedBodies: Decodable, Sendable {
  package let jobs: [LeasedBody]
}
