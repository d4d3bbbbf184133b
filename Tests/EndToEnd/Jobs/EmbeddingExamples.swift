import FanfareServer

// The Swift of the documentation, line by line, so that it compiles; see `EmbeddingExampleTests`.

private func scale(_ image: String, _ step: Int) async throws {}

/// README, "In a Swift program".
private enum FirstSteps {
  static func publishes() async throws {
    let server = try FanfareServer()
    try await server.start()
    try await server.publish(.agentStarted, #"{"agent":7}"#, to: "project:42")
    for try await item in try server.follow(["project:42"], from: .oldest) {
      if case .event(let event) = item { print(event.type, event.position) }
    }
    await server.stop()
  }

  struct Thumbnail: TaskHandler {
    struct Arguments: Codable, Sendable { let image: String }
    let task = "thumbnail"

    func run(_ arguments: Arguments, _ context: TaskContext) async throws -> [String: Int] {
      for step in 1...10 {
        try await scale(arguments.image, step)
        context.progress(Double(step), of: 10)
      }
      return ["width": 320]
    }
  }

  static func enqueues(_ server: FanfareServer) async throws {
    try server.handle(Thumbnail(), in: "sync_queue")  // before the start
    let job = try await server.enqueue(
      NewJob(for: Thumbnail(), in: "sync_queue", .init(image: "logo.png")))
    print(try await server.ending(of: job.id).state)
  }
}

/// Documentation/jobs.md, "In Swift".
private enum InSwift {
  struct Thumbnail: TaskHandler {
    struct Arguments: Codable, Sendable { let image: String }

    let task = "thumbnail"

    func run(_ arguments: Arguments, _ context: TaskContext) async throws -> [String: Int] {
      let done: Int = try context.checkpoint() ?? 0
      for step in done..<10 {
        try await scale(arguments.image, step)
        context.progress(Double(step + 1), of: 10, message: arguments.image)
        try await context.checkpoint(step + 1)
      }
      return ["width": 320]
    }
  }

  static func starts() async throws -> FanfareServer {
    var settings = Settings()
    settings[queue: "images"] = QueueSettings(prefetch: 1, concurrency: 2)
    settings[queue: "agent_queue"]?.runningMax = 8

    let server = try FanfareServer(settings)
    try server.handle(Thumbnail(), in: "images")
    try await server.start()
    return server
  }

  static func enqueues(_ server: FanfareServer) async throws {
    var job = try NewJob(for: Thumbnail(), in: "images", .init(image: "logo.png"))
    job.channel = "project:42"
    job.uniqueKey = "logo.png"
    let accepted = try await server.enqueue(job)
    let ended = try await server.ending(of: accepted.id)
    print(ended.state, try ended.result(as: [String: Int].self) ?? [:])
  }

  static func startsAWorkflow(_ server: FanfareServer) async throws {
    let workflow = try await server.startWorkflow(
      [
        NewJob("analyze", in: "agent_queue", ["issue": 1204]),
        NewJob("implement", in: "agent_queue"),
        NewJob("run_pipeline", in: "cicd_queue"),
      ], channel: "project:42", key: "issue-1204")
    print(workflow.id, workflow.state)
  }
}
