import FanfareRuntime
import FanfareServer
import FanfareTestKit
import Foundation
import Testing

/// A server with jobs whose file and programs have a folder of their own, and what a test asks it.
struct WorkerScene {
  /// A job as clients see it.
  struct JobBody: Decodable {
    struct Progress: Decodable, Equatable {
      let current: Double
      let total: Double?
      let message: String?
    }

    struct ErrorBody: Decodable { let error: String }

    let id: String
    let state: String
    let reason: String?
    let attempt: Int
    let failures: Int
    let crashes: Int
    let releases: Int
    let progress: Progress?
    let error: String?
    let errors: [ErrorBody]
    let worker: String?
  }

  let running: ServerUnderTest
  let folder: URL

  var address: String { "http://127.0.0.1:\(running.port)" }

  /// Runs `body` with a server of these handlers.
  static func run(
    _ change: (inout Settings, URL) -> Void = { _, _ in },
    handlers: (FanfareServer) throws -> Void = { _ in },
    _ body: (WorkerScene) async throws -> Void
  ) async throws {
    try await ServerUnderTest.withJobsDirectory { directory in
      let folder = URL(filePath: directory)
      try await ServerUnderTest.onThread {
        let running = try await ServerUnderTest.start(
          { settings in
            settings.keepJobs(in: directory)
            settings.drainWindow = .milliseconds(200)
            change(&settings, folder)
          }, prepare: handlers)
        do {
          try await body(WorkerScene(running: running, folder: folder))
        } catch {
          await running.stop()
          throw error
        }
        await running.stop()
      }
    }
  }

  /// A task whose program is a shell script.
  static func script(
    _ text: String, in queue: String = "sync_queue", progress: CommandTask.Progress? = nil
  ) -> CommandTask {
    var task = CommandTask(queue: queue, exec: ["sh", "-c", text.replacing("{", with: "{{")])
    task.progress = progress
    return task
  }

  // MARK: Asking

  func enqueue(_ body: String, in queue: String = "sync_queue") throws -> String {
    try running.enqueue(body, in: queue)
  }

  func job(_ id: String) throws -> JobBody { try running.ask("GET", "/jobs/\(id)").json() }

  func log(_ id: String) throws -> String { try running.ask("GET", "/jobs/\(id)/log").text }

  /// The job as text, for what has no type here.
  func text(_ id: String) throws -> String { try running.ask("GET", "/jobs/\(id)").text }

  /// The job as text, for a test that has failed.
  func words(_ id: String) -> Comment { Comment(rawValue: (try? text(id)) ?? "no answer") }

  func cancel(_ id: String) throws -> Int { try running.ask("DELETE", "/jobs/\(id)").status }

  /// The job, as soon as it is in that state; as it is in the end where it never is.
  func job(_ id: String, becomes state: String) async throws -> JobBody {
    _ = try await Deadline().holds { try job(id).state == state }
    return try job(id)
  }

  /// The types of a channel's events, in their order.
  func types(in channel: String) throws -> [String] {
    try running.read("/channels/\(channel)/events?after=oldest&limit=1000").events.map(\.type)
  }

  // MARK: Files and processes

  func file(_ name: String) -> URL { folder.appendingPathComponent(name) }

  func contents(_ name: String) -> String {
    (try? String(contentsOf: file(name), encoding: .utf8)) ?? ""
  }

  /// Whether a process of this number runs.
  static func runs(_ process: Int32) -> Bool {
    let status = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)
    guard let status else { return false }
    return !status.contains(") Z ")
  }
}
