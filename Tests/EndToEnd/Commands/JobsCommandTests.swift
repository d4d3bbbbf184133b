import FanfareServer
import FanfareTestKit
import Foundation
import Testing

/// `fanfare jobs` as a process against a server in this one.
@Suite(.timeLimit(.minutes(10)))
struct JobsCommandTests {
  private static func run(
    _ body: (JobsOverHTTP, _ fanfare: @escaping ([String]) async throws -> Outcome) async throws ->
      Void
  ) async throws {
    try await JobsOverHTTP.run { server in
      try await body(JobsOverHTTP(server)) { arguments in
        try await fanfare(arguments, "127.0.0.1:\(server.port)")
      }
    }
  }

  /// What came of a command.
  private struct Outcome {
    let status: Int32
    let output: [String]
    let errors: [String]
  }

  private static func fanfare(
    _ arguments: [String], _ address: String, input: String = ""
  ) async throws -> Outcome {
    let process = try FanfareProcess(["jobs"] + arguments, server: address, input: input)
    let status = try await process.status()
    return Outcome(status: status, output: process.output.lines, errors: process.errors.lines)
  }

  @Test func enqueuesAndShowsWhatWasAsked() async throws {
    try await Self.run { jobs, fanfare in
      let asked = try await fanfare([
        "enqueue", "agent_queue", "plan", #"{"issue": 9007199254740993}"#, "--channel", "project:1",
        "--key", "k", "--priority", "7", "--attempts", "3", "--timeout", "90.5",
      ])
      #expect(asked.status == 0)
      #expect(asked.errors == ["queued in agent_queue"])
      let id = try #require(asked.output.first)
      let shown = try await fanfare(["show", id])
      for line in [
        "id            \(id)", "queue         agent_queue", "task          plan",
        "state         queued", "channel       project:1", "key           k",
        #"args          {"issue": 9007199254740993}"#,
      ] {
        #expect(shown.output.contains(line), "\(shown.output)")
      }
      let json = try await fanfare(["show", id, "--json"])
      #expect(json.output.count == 1)
      #expect(json.output.first?.contains(#""priority":7"#) == true)
      #expect(json.output.first?.contains(#""timeout":90.5"#) == true)
      // Whoever asks again with the key of one that is not over gets that one.
      let again = try await fanfare(["enqueue", "agent_queue", "plan", "--key", "k", "--json"])
      #expect(again.output.first?.contains(#""id":"\#(id)""#) == true)
      #expect(again.output.first?.contains(#""new":false"#) == true)
    }
  }

  @Test func takesArgumentsFromTheStandardInput() async throws {
    try await JobsOverHTTP.run { server in
      let asked = try await Self.fanfare(
        ["enqueue", "git_queue", "t", "-"], "127.0.0.1:\(server.port)", input: "[1,\n 2]\n")
      let id = try #require(asked.output.first)
      let shown = try await Self.fanfare(["show", id, "--json"], "127.0.0.1:\(server.port)")
      // One object a line, whatever stands between its values.
      #expect(shown.output.count == 1)
      #expect(shown.output.first?.contains(#""args":[1,  2]"#) == true)
    }
  }

  @Test func enqueuesTheLinesOfAFileInOneCall() async throws {
    try await JobsOverHTTP.run { server in
      let address = "127.0.0.1:\(server.port)"
      let lines = (0..<200).map { #"{"task":"t","args":\#($0),"key":"k\#($0 % 150)"}"# }
      let made = try await Self.fanfare(
        ["enqueue", "git_queue", "--file", "-"], address, input: lines.joined(separator: "\n"))
      #expect(made.status == 0)
      #expect(made.errors == ["200 jobs in git_queue, 50 of them there already by their keys"])
      try #require(made.output.count == 200)
      #expect(Set(made.output).count == 150 && made.output[150] == made.output[0])
      let json = try await Self.fanfare(
        ["enqueue", "git_queue", "--file", "-", "--json"], address, input: lines[0] + "\n")
      #expect(json.output == [#"{"id":"\#(made.output[0])","state":"queued","new":false}"#])
      // One bad line, and none is made.
      let bad = try await Self.fanfare(
        ["enqueue", "git_queue", "--file", "-"], address, input: "{\"task\":\"x\"}\n\n{}\n")
      #expect(bad.status == 65 && bad.output == [])
      #expect(bad.errors.count == 1)
      #expect(
        bad.errors.first == "fanfare: standard input line 3: Give the job a task.",
        "\(bad.errors)")
      #expect(try server.ask("GET", "/jobs?task=x").text == #"{"jobs":[]}"#)
      let gone = try await Self.fanfare(["enqueue", "git_queue", "--file", "/nowhere"], address)
      #expect(gone.status == 66 && gone.errors.first?.contains("/nowhere") == true)
      for wrong in [["t", "--file", "-"], ["--file", "-", "--priority", "1"], []] {
        #expect(try await Self.fanfare(["enqueue", "git_queue"] + wrong, address).status == 64)
      }
    }
  }

  @Test func startsAWorkflowAndShowsItsSteps() async throws {
    try await JobsOverHTTP.run { server in
      let (address, jobs) = ("127.0.0.1:\(server.port)", JobsOverHTTP(server))
      let steps = ["analyze", "implement"].map { #"{"queue":"agent_queue","task":"\#($0)"}"# }
      let started = try await Self.fanfare(
        ["workflow", "start", "-"], address,
        input: "{\"steps\":\n[\(steps.joined(separator: ","))]}\n")
      #expect(started.status == 0 && started.errors == ["running: 2 steps"])
      let id = try #require(started.output.first)
      try jobs.succeed(
        try jobs.lease("agent_queue"), "1", usage: #"{"tokens":1800,"cost":0.5,"duration":3}"#)
      let shown = try await Self.fanfare(["workflow", "show", id], address)
      for line in [
        "id            \(id)", "state         running", "step          2 of 2",
        "usage         1800 tokens, cost 0.5, 3s",
      ] {
        #expect(shown.output.contains(line), "\(shown.output)")
      }
      #expect(shown.output.contains { $0.hasPrefix("STEP  JOB") })
      #expect(
        shown.output.contains { $0.hasPrefix("1 ") && $0.hasSuffix("analyze    succeeded") },
        "\(shown.output)")
      #expect(shown.output.last?.hasPrefix("2 ") == true)
      #expect(shown.output.last?.hasSuffix("implement  queued") == true)
      let json = try await Self.fanfare(["workflow", "show", id, "--json"], address)
      #expect(json.output.count == 1)
      #expect(json.output.first?.contains(#""usage":{"tokens":1800"#) == true)
      let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()
      let example = root.appending(path: "Examples/feature.json").path
      let file = try await Self.fanfare(["workflow", "start", example, "--json"], address)
      #expect(file.output.first?.hasPrefix(#"{"id":""#) == true)
      for (body, said) in [("{", "JSON"), (#"{"steps":[{}]}"#, "step 1: Give the step a queue.")] {
        let bad = try await Self.fanfare(["workflow", "start", "-"], address, input: body)
        #expect(bad.status == 65 && bad.errors.count == 1)
        #expect(bad.errors.first?.contains(said) == true, "\(bad.errors)")
      }
      let nobody = try await Self.fanfare(["workflow", "show", "1"], address)
      #expect(nobody.status == 65 && nobody.errors.first?.contains("no such workflow") == true)
    }
  }

  @Test func listsPageByPage() async throws {
    try await Self.run { jobs, fanfare in
      try jobs.enqueue(
        lines: (0..<250).map { #"{"task":"t\#($0 % 2)","args":\#($0)}"# }, "git_queue")
      _ = try jobs.lease("git_queue")
      let all = try await fanfare(["list", "--limit", "1000"])
      #expect(all.output.count == 251)
      #expect(all.output.first?.hasPrefix("ID ") == true)
      #expect(Set(all.output).count == 251)
      #expect(all.errors == [])
      let some = try await fanfare(["list", "--limit", "150", "--task", "t1", "--json"])
      #expect(some.output.count == 125)
      #expect(some.output.allSatisfy { $0.hasPrefix("{") && $0.contains(#""task":"t1""#) })
      let running = try await fanfare(["list", "--state", "running", "--queue", "git_queue"])
      #expect(running.output.count == 2)
      let first = try await fanfare(["list", "--limit", "3"])
      #expect(first.output.count == 4)
      #expect(first.errors.first?.hasPrefix("# there are more") == true)
      #expect(try await fanfare(["list", "--queue", "sync_queue"]).errors == ["no jobs"])
    }
  }

  @Test func goesOnWhereAPageIsEmpty() async throws {
    try await Self.run { jobs, fanfare in
      let rare = try jobs.enqueue("agent_queue", "rare")
      let lines = Array(repeating: #"{"task":"t"}"#, count: 1_000)
      for _ in 0..<11 { try jobs.enqueue(lines: lines, "git_queue") }
      let found = try await fanfare(["list", "--task", "rare"])
      #expect(found.output.count == 2 && found.output.last?.hasPrefix(rare) == true)
      #expect(found.errors == [])
    }
  }

  @Test func watchesAJobToItsEnd() async throws {
    try await JobsOverHTTP.run { server in
      let jobs = JobsOverHTTP(server)
      let id = try jobs.enqueue("agent_queue", "t", attempts: 1)
      let process = try FanfareProcess(
        ["jobs", "watch", id], server: "127.0.0.1:\(server.port)")
      _ = try await process.output.line(containing: "queued")
      let lease = try jobs.lease("agent_queue", worker: "builder-1")
      _ = try await process.output.line(containing: "started  attempt 1, by builder-1")
      try jobs.progress(lease, 1, of: 4, "half of a half")
      _ = try await process.output.line(containing: "progress  1 of 4, half of a half")
      try jobs.succeed(lease)
      #expect(try await process.status() == 0)
      #expect(process.output.lines.last?.contains("succeeded") == true)
      let other = try jobs.enqueue("agent_queue", "t", attempts: 1)
      let dead = try FanfareProcess(
        ["jobs", "watch", other, "--json"], server: "127.0.0.1:\(server.port)")
      _ = try await dead.output.line(containing: "job_queued")
      try jobs.fail(try jobs.lease("agent_queue"), "no")
      #expect(try await dead.status() == 1)
      #expect(dead.output.lines.last?.contains(#""type":"job_dead""#) == true)
    }
  }

  @Test func watchesAllQueues() async throws {
    try await Self.run { jobs, fanfare in
      _ = try jobs.enqueue("agent_queue", "busy")
      try jobs.progress(try jobs.lease("agent_queue"), 2, of: 5, #"\u001b[2Jhostile"#)
      let seen = try await fanfare(["watch", "--count", "2"])
      #expect(seen.status == 0)
      #expect(seen.output.filter { $0.hasPrefix("agent_queue") }.count == 2)
      #expect(seen.output.contains { $0.contains("busy") && $0.contains("2 of 5") })
      #expect(!seen.output.joined().contains("\u{1B}"))
    }
  }

  @Test func cancelsAndRetriesWithOtherArguments() async throws {
    try await Self.run { jobs, fanfare in
      let id = try jobs.enqueue("git_queue", "clone", #"{"a":1}"#)
      #expect(try await fanfare(["cancel", id]).errors == ["\(id) is cancelled"])
      let twice = try await fanfare(["cancel", id])
      #expect(twice.status == 65)
      #expect(twice.errors.first?.hasPrefix("fanfare: the server refused (409)") == true)
      let bad = try await fanfare(["retry", id, "--args", "{"])
      #expect(bad.status == 65)
      #expect(bad.errors.count == 1)
      #expect(
        try await fanfare(["retry", id, "--args", #"{"a":2}"#]).errors == ["\(id) is queued"])
      #expect(try jobs.text("/jobs/\(id)").contains(#""args":{"a":2}"#))
      _ = try jobs.lease("git_queue")
      #expect(try await fanfare(["cancel", id]).errors == ["\(id) is asked to stop"])
      let workflow = try jobs.startWorkflow("agent_queue", ["a", "b"])
      #expect(try await fanfare(["cancel", "--workflow", workflow]).status == 0)
      #expect(try jobs.text("/workflows/\(workflow)").contains(#""state":"cancelled""#))
    }
  }

  @Test func looksAfterTheDead() async throws {
    try await Self.run { jobs, fanfare in
      for number in 1...5 {
        _ = try jobs.enqueue("git_queue", number > 3 ? "push" : "clone", attempts: 1)
        try jobs.fail(try jobs.lease("git_queue"), "fault \(number)")
      }
      let listed = try await fanfare(["dead", "list", "git_queue", "--error", "fault 2"])
      #expect(listed.output.count == 2)
      #expect(listed.output.last?.contains("fault 2") == true)
      let paced = try await fanfare(["dead", "list", "git_queue", "--limit", "2"])
      #expect(paced.output.count == 3)
      let retried = try await fanfare(
        ["dead", "retry", "git_queue", "--task", "clone", "--rate", "1/h"])
      #expect(retried.errors == ["3 jobs to be retried at 1/h"])
      let stopped = try await fanfare(["dead", "stop", "git_queue"])
      #expect(stopped.errors.first?.hasPrefix("stopped; ") == true)
      #expect(try await fanfare(["dead", "purge", "git_queue"]).status == 64)
      let purged = try await fanfare(["dead", "purge", "git_queue", "--task", "push", "--yes"])
      #expect(purged.errors == ["2 jobs purged"])
      let rest = try await fanfare(["dead", "retry", "git_queue", "--rate", "all"])
      #expect(rest.status == 0)
      let isEmpty = try await Deadline().holds { try jobs.dead("git_queue") == 0 }
      #expect(isEmpty)
    }
  }

  @Test func pausesAndResumesQueues() async throws {
    try await Self.run { jobs, fanfare in
      #expect(try await fanfare(["pause", "sync_queue"]).errors == ["sync_queue is paused"])
      let queues = try await fanfare(["queues"])
      #expect(queues.output.first?.hasPrefix("QUEUE ") == true)
      #expect(queues.output.contains { $0.hasPrefix("sync_queue") && $0.hasSuffix("paused") })
      #expect(try await fanfare(["resume", "sync_queue"]).errors == ["sync_queue is resumed"])
      let json = try await fanfare(["queues", "--json"])
      #expect(json.output.count == 4)
      #expect(!json.output.joined().contains(#""paused":true"#))
    }
  }

  @Test func printsALog() async throws {
    try await Self.run { jobs, fanfare in
      let id = try jobs.enqueue("git_queue", "clone")
      try jobs.log(try jobs.lease("git_queue"), "Cloning\nat 10%\rat 42%\n")
      let log = try await fanfare(["log", id])
      #expect(log.status == 0)
      #expect(log.output == ["Cloning", "at 10%\rat 42%"])
    }
  }

  @Test func saysInOneLineWhatToMend() async throws {
    try await Self.run { jobs, fanfare in
      let cases: [(arguments: [String], status: Int32, said: String)] = [
        (["show", "nope"], 65, "no such job"),
        (["log", "1"], 65, "no such job"),
        (["pause", "agent_quee"], 65, "did you mean agent_queue?"),
        (["list", "--state", "asleep"], 65, "Give state as one of"),
        (["enqueue", "agent_queue", "t", "{"], 65, "quotes of its own"),
        (["enqueue", "agent_queue", "bad name"], 65, "task"),
        (["dead", "retry", "git_queue", "--rate", "fast"], 65, "rate"),
      ]
      for (arguments, status, said) in cases {
        let outcome = try await fanfare(arguments)
        #expect(outcome.status == status, "\(arguments)")
        #expect(outcome.output == [], "\(arguments)")
        #expect(outcome.errors.count == 1, "\(arguments): \(outcome.errors)")
        let line = outcome.errors.first ?? ""
        #expect(line.hasPrefix("fanfare: ") && line.contains(said), "\(arguments): \(line)")
      }
    }
  }

  @Test func tellsInOneLineThatNobodyListensOrKeepsJobs() async throws {
    let (server, address) = try await CommandSandbox.server { $0.jobs.store = .off }
    let off = try await Self.fanfare(["queues"], address)
    #expect(off.status == 65)
    #expect(off.errors.first?.contains("keeps no jobs") == true)
    await server.stop()
    let gone = try await Self.fanfare(["pause", "agent_queue"], address)
    #expect(gone.status == 69)
    #expect(gone.errors == ["fanfare: cannot reach http://\(address): connection refused"])
  }
}
