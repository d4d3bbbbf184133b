import FanfareActors
import FanfareRuntime
import FanfareServer
import FanfareTestKit
import Foundation
import Glibc
import Testing

/// The workers in `Examples/`, as they are, against a server.
@Suite struct ExampleWorkerTests {
  private static let examples = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "Examples")

  /// A worker that is killed when this goes.
  private final class Worker: Sendable {
    let process: Subprocess

    init(_ program: String, _ name: String, _ scene: WorkerScene) throws {
      var environment = ProcessInfo.processInfo.environment
      environment["STEP_SECONDS"] = "0.05"
      process = try Subprocess(
        [program, ExampleWorkerTests.examples.appending(path: name).path, scene.address],
        environment: environment.map { "\($0.key)=\($0.value)" }, directory: scene.folder.path)
    }

    deinit { process.signalGroup(SIGKILL) }
  }

  @Test func thePythonWorkerStreamsWhatItDoes() async throws {
    try await WorkerScene.run { scene in
      let worker = try Worker("python3", "worker.py", scene)
      let id = try scene.enqueue(
        #"""
        {"task":"agent","args":{"steps":4,"pause":0.15},"channel":"project:7",
        "events":{"progress":"agent_progress"}}
        """#, in: "agent_queue")
      let job = try await scene.job(id, becomes: "succeeded")
      #expect(job.progress == .init(current: 4, total: 4, message: "step 4"))
      #expect(try scene.text(id).contains(#""result":{"steps": 4"#))
      let told = try await Deadline().holds {
        try scene.types(in: "project:7").last == "job_succeeded"
      }
      #expect(told)
      #expect(try scene.types(in: "project:7").count { $0 == "agent_progress" } >= 3)
      #expect(worker.process.isRunning)
    }
  }

  @Test func thePythonWorkerStopsWhenItIsToldTo() async throws {
    try await WorkerScene.run({ settings, _ in
      settings.queues[QueueName(checked: "agent_queue")]?.lease = .seconds(3)
    }) { scene in
      let worker = try Worker("python3", "worker.py", scene)
      // It says nothing by itself: it hears of the end from its heartbeat.
      let id = try scene.enqueue(
        #"{"task":"agent","args":{"steps":2,"pause":60}}"#, in: "agent_queue")
      _ = try await scene.job(id, becomes: "running")
      #expect(try scene.cancel(id) == 202)
      #expect(try await scene.job(id, becomes: "cancelled").state == "cancelled")
      let next = try scene.enqueue(
        #"{"task":"agent","args":{"steps":1,"pause":0}}"#, in: "agent_queue")
      #expect(try await scene.job(next, becomes: "succeeded").state == "succeeded")
      #expect(worker.process.isRunning)
    }
  }

  /// A worker dies in the middle: another does the job.
  @Test func theJobOfAKilledWorkerIsDoneByAnother() async throws {
    try await WorkerScene.run({ settings, _ in
      settings.queues[QueueName(checked: "agent_queue")]?.lease = .seconds(3)
      settings.queues[QueueName(checked: "agent_queue")]?.retry.base = .milliseconds(20)
    }) { scene in
      let first = try Worker("python3", "worker.py", scene)
      let id = try scene.enqueue(
        #"{"task":"agent","args":{"steps":20,"pause":0.1}}"#, in: "agent_queue")
      let began = try await Deadline().holds { try scene.job(id).progress != nil }
      #expect(began)
      let second = try Worker("python3", "worker.py", scene)
      let before = try scene.job(id).worker
      first.process.signalGroup(SIGKILL)
      first.process.waitForEnding()
      let retaken = try await Deadline().holds {
        let job = try scene.job(id)
        return job.crashes == 1 && job.state == "running" && job.worker != before
      }
      #expect(retaken, scene.words(id))
      let job = try await scene.job(id, becomes: "succeeded")
      #expect(job.state == "succeeded" && job.crashes == 1 && job.failures == 0)
      #expect(second.process.isRunning)
    }
  }

  @Test func theShellWorkerDoesJobs() async throws {
    try await WorkerScene.run { scene in
      let worker = try Worker("sh", "worker.sh", scene)
      // Arguments that look like what the worker looks for.
      let ids = try (0..<3).map { number in
        try scene.enqueue(
          #"{"task":"t","args":{"id":"x","lease":"y","n":\#(number),"deadline":1}}"#)
      }
      for id in ids {
        let job = try await scene.job(id, becomes: "succeeded")
        #expect(job.progress?.current == 5, scene.words(id))
        #expect(try scene.text(id).contains(#""result":{"steps":5}"#))
      }
      #expect(worker.process.isRunning)
    }
  }
}
