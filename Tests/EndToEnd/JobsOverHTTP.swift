import FanfareServer
import FanfareTestKit
import Foundation

/// Whoever wants work done and whoever does it, over plain HTTP.
struct JobsOverHTTP {
  /// A lease in a worker's hands.
  struct Lease {
    let id: String
    /// The fencing token, as it was given.
    let token: String
  }

  private struct Enqueued: Decodable { let id: String }
  private struct Leased: Decodable {
    struct Job: Decodable {
      let id: String
      let lease: String
    }
    let jobs: [Job]
  }

  let server: ServerUnderTest

  /// Runs `body` with what lets a server keep jobs, in a file that is removed afterwards.
  static func withFile(
    _ body: (@escaping (inout Settings) -> Void) async throws -> Void
  ) async throws {
    let folder = FileManager.default.temporaryDirectory
      .appending(path: "fanfare-jobs-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try await body {
      $0.jobs.store = .sqlite
      $0.jobs.path = folder.appending(path: "jobs.sqlite").path
    }
  }

  /// Runs `body` with a server that keeps jobs.
  static func run(_ body: (ServerUnderTest) async throws -> Void) async throws {
    try await withFile { try await ServerUnderTest.run($0, body) }
  }

  init(_ server: ServerUnderTest) { self.server = server }

  // MARK: Whoever wants work done

  func enqueue(
    _ queue: String, _ task: String, _ args: String = "{}", attempts: Int? = nil,
    channel: String? = nil
  ) throws -> String {
    var body = #"{"task":"\#(task)","args":\#(args)"#
    if let attempts { body += #","attempts":\#(attempts)"# }
    if let channel { body += #","channel":"\#(channel)""# }
    return try post("/queues/\(queue)/jobs", body + "}").json(Enqueued.self).id
  }

  func enqueue(lines: [String], _ queue: String) throws {
    let answer = try server.connect().publish(lines: lines, "/queues/\(queue)/jobs")
    guard answer.status < 300 else { throw ClientFailure.malformed(answer.text) }
  }

  func startWorkflow(_ queue: String, _ tasks: [String]) throws -> String {
    let steps = tasks.map { #"{"queue":"\#(queue)","task":"\#($0)","args":{}}"# }
    return try post("/workflows", #"{"steps":[\#(steps.joined(separator: ","))]}"#)
      .json(Enqueued.self).id
  }

  func text(_ path: String) throws -> String { try server.ask("GET", path).text }

  /// How many jobs of a queue are dead.
  func dead(_ queue: String) throws -> Int {
    try text("/queues/\(queue)/dead?limit=100").components(separatedBy: #""state":"dead""#).count
      - 1
  }

  // MARK: Workers

  func leases(_ queue: String, worker: String = "w1", max: Int = 1) throws -> [Lease] {
    let body = #"{"worker":"\#(worker)","max":\#(max),"wait":0}"#
    return try post("/queues/\(queue)/lease", body).json(Leased.self).jobs.map {
      Lease(id: $0.id, token: $0.lease)
    }
  }

  func lease(_ queue: String, worker: String = "w1") throws -> Lease {
    guard let lease = try leases(queue, worker: worker).first else {
      throw ClientFailure.malformed("no job in \(queue)")
    }
    return lease
  }

  @discardableResult
  func progress(
    _ lease: Lease, _ current: Int, of total: Int? = nil, _ message: String? = nil
  ) throws -> String {
    var body = #"{"lease":"\#(lease.token)","current":\#(current)"#
    if let total { body += #","total":\#(total)"# }
    if let message { body += #","message":"\#(message)""# }
    return try post("/jobs/\(lease.id)/progress", body + "}").text
  }

  func succeed(_ lease: Lease, _ result: String? = nil, usage: String? = nil) throws {
    var body = #"{"lease":"\#(lease.token)""#
    if let result { body += #","result":\#(result)"# }
    if let usage { body += #","usage":\#(usage)"# }
    _ = try post("/jobs/\(lease.id)/succeed", body + "}")
  }

  func fail(_ lease: Lease, _ error: String) throws {
    _ = try post(
      "/jobs/\(lease.id)/fail", #"{"lease":"\#(lease.token)","error":"\#(error)"}"#)
  }

  func log(_ lease: Lease, _ text: String) throws {
    let answer = try server.ask(
      "POST", "/jobs/\(lease.id)/log?lease=\(lease.token)", ["Content-Type: text/plain"],
      body: text)
    guard answer.status == 200 else { throw ClientFailure.malformed(answer.text) }
  }

  private func post(_ path: String, _ body: String) throws -> HTTPAnswer {
    let answer = try server.ask("POST", path, ["Content-Type: application/json"], body: body)
    guard answer.status < 300 else {
      throw ClientFailure.malformed("\(path): \(answer.statusLine) \(answer.text)")
    }
    return answer
  }
}
