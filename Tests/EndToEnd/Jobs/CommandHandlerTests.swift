import FanfareActors
import FanfareRuntime
import FanfareServer
import FanfareTestKit
import Foundation
import Glibc
import Testing

/// Jobs that run programs, through a whole server.
@Suite struct CommandHandlerTests {
  private static let clone = TaskName(checked: "clone")

  private func script(
    _ text: String, progress: CommandTask.Progress? = nil,
    _ change: (inout CommandTask) -> Void = { _ in },
    body: (WorkerScene) async throws -> Void
  ) async throws {
    try await WorkerScene.run({ settings, _ in
      var task = WorkerScene.script(text, progress: progress)
      change(&task)
      settings.tasks[TaskName(checked: "t")] = task
    }) { scene in try await body(scene) }
  }

  @Test func gitClonesAndTellsHowFarItIs() async throws {
    try await WorkerScene.run({ settings, folder in
      var task = CommandTask(
        queue: "git_queue", exec: ["git", "clone", "--progress", "--no-local", "{url}", "repo"])
      task.progress = .init(from: .stderr, match: #"(\d+)% \((\d+)/(\d+)\)"#)
      settings.tasks[Self.clone] = task
    }) { scene in
      let make = """
        git init -q --bare bare.git && git init -q work && cd work
        for i in $(seq 300); do echo "file $i" > f$i; done
        git add . && git -c user.name=n -c user.email=e commit -qm all
        git push -q ../bare.git HEAD:refs/heads/master
        """
      let made = try Subprocess(["sh", "-c", make], directory: scene.folder.path)
      #expect(made.waitForEnding() == .status(0))
      let url = scene.file("bare.git").path
      let id = try scene.enqueue(
        #"{"task":"clone","args":{"url":"\#(url)"},"channel":"project:42"}"#, in: "git_queue")
      let job = try await scene.job(id, becomes: "succeeded")
      #expect(job.state == "succeeded", scene.words(id))
      #expect(job.progress?.current == job.progress?.total)
      #expect(job.progress?.message?.isEmpty == false)
      #expect(try scene.log(id).contains("Cloning into"))
      let hasAll = try await Deadline().holds {
        try scene.types(in: "project:42").contains("job_succeeded")
      }
      #expect(hasAll)
      let types = try scene.types(in: "project:42")
      #expect(types.starts(with: ["job_queued", "job_started"]))
      #expect(types.contains("job_progress"))
    }
  }

  @Test func aProgramSpeaksInLinesOfJSON() async throws {
    let text = """
      echo '{"progress":{"current":1,"total":3,"message":"one"}}'
      echo '{"checkpoint":{"at":1}}'
      echo '{"usage":{"tokens":12,"cost":0.5}}'
      echo plain; echo wrong >&2
      echo '{"result":{"job":"'$FANFARE_JOB'","attempt":'$FANFARE_ATTEMPT',"dir":"'$(pwd)'"}}'
      env | cut -d= -f1 | sort | tr '\\n' ' '
      """
    try await script(text) { scene in
      let id = try scene.enqueue(#"{"task":"t"}"#)
      let job = try await scene.job(id, becomes: "succeeded")
      let whole = try scene.text(id)
      #expect(job.progress == .init(current: 1, total: 3, message: "one"), "\(whole)")
      #expect(whole.contains(#""checkpoint":{"at":1}"#))
      #expect(whole.contains(#""usage":{"tokens":12,"cost":0.5}"#))
      #expect(whole.contains(#""result":{"job":"\#(id)","attempt":1,"dir":"/"#))
      let log = try scene.log(id)
      for line in ["plain", "wrong", "FANFARE_ATTEMPT FANFARE_FOLDER FANFARE_JOB PATH PWD"] {
        #expect(log.contains(line), "\(log)")
      }
      let folder = whole.split(separator: #""dir":""#).last?.split(separator: "\"").first
      let path = String(folder ?? "")
      #expect(path.contains("/fanfare-work-"))
      let isGone = await Deadline().holds { !FileManager.default.fileExists(atPath: path) }
      #expect(isGone)
    }
  }

  /// Up to the bound, whatever the bound is.
  @Test func aLargeResultIsTaken() async throws {
    let text = #"printf '{"result":"'; head -c 400000 /dev/zero | tr '\0' x; echo '"}'"#
    for (bytesMax, state) in [(400_002, "succeeded"), (400_001, "dead")] {
      try await WorkerScene.run({ settings, _ in
        settings.limits.jobResultBytesMax = bytesMax
        settings.tasks[TaskName(checked: "t")] = WorkerScene.script(text)
      }) { scene in
        let id = try scene.enqueue(#"{"task":"t"}"#)
        let job = try await scene.job(id, becomes: state)
        #expect(job.state == state && job.reason == (state == "dead" ? "failed" : nil))
      }
    }
  }

  /// The program goes on only when what it said has been seen.
  @Test func progressBehindReturnsIsSeen() async throws {
    let text = """
      for i in 1 2 3; do printf "$i/3\\r"; while [ ! -e "$1/$i" ]; do sleep 0.02; done; done; echo
      """
    try await WorkerScene.run({ settings, folder in
      var task = WorkerScene.script(text, progress: .init(match: #"(\d)/(\d)"#))
      task.exec += ["sh", folder.path]
      settings.tasks[TaskName(checked: "t")] = task
    }) { scene in
      let id = try scene.enqueue(#"{"task":"t","channel":"c:1"}"#)
      for step in 1...3 {
        let isSeen = try await Deadline().holds {
          try scene.job(id).progress == .init(current: Double(step), total: 3, message: nil)
        }
        #expect(isSeen, scene.words(id))
        try Data().write(to: scene.file("\(step)"))
      }
      #expect(try await scene.job(id, becomes: "succeeded").progress?.current == 3)
      let told = try await Deadline().holds {
        try scene.types(in: "c:1").count { $0 == "job_progress" } >= 2
      }
      #expect(told)
    }
  }

  @Test func statusesSayWhatFollows() async throws {
    let text = #"echo "no $1" >&2; exit $1"#
    try await WorkerScene.run({ settings, _ in
      var task = WorkerScene.script(text)
      task.exec += ["sh", "{code}"]
      settings.tasks[TaskName(checked: "t")] = task
      settings.tasks[TaskName(checked: "gone")] = CommandTask(
        queue: "sync_queue", exec: ["no-such-program"])
    }) { scene in
      for (code, state, reason) in [
        (78, "dead", "failed" as String?), (75, "dead", "attempts"), (1, "dead", "attempts"),
      ] {
        let id = try scene.enqueue(
          #"{"task":"t","args":{"code":\#(code)},"attempts":1}"#)
        let job = try await scene.job(id, becomes: state)
        #expect(job.reason == reason)
        #expect(job.error == "sh ended with status \(code): no \(code)")
      }
      let again = try scene.enqueue(#"{"task":"t","args":{"code":75}}"#)
      #expect(try await scene.job(again, becomes: "retrying").failures >= 1)
      let gone = try scene.enqueue(#"{"task":"gone"}"#)
      let job = try await scene.job(gone, becomes: "dead")
      #expect(job.error?.hasPrefix("no-such-program, or a program that it calls,") == true)
      for arguments in ["{}", #"{"code":"-1"}"#, #"{"code":true}"#] {
        let bad = try scene.enqueue(#"{"task":"t","args":\#(arguments)}"#)
        let job = try await scene.job(bad, becomes: "dead")
        #expect(job.reason == "failed")
        #expect(job.error?.contains("\"code\"") == true)
      }
    }
  }

  /// The program ignores TERM in its child: the group is killed in the end.
  @Test(.timeLimit(.minutes(10))) func cancelEndsTheWholeGroup() async throws {
    let text = """
      sh -c 'trap "" TERM; echo $$ > "$1/grandchild"; while :; do sleep 0.1; done' sh "$1" &
      echo $$ > "$1/child"; wait
      """
    try await WorkerScene.run({ settings, folder in
      var task = WorkerScene.script(text)
      task.exec += ["sh", folder.path]
      settings.tasks[TaskName(checked: "t")] = task
      settings.queues[QueueName(checked: "sync_queue")]?.lease = .seconds(6)
    }) { scene in
      let id = try scene.enqueue(#"{"task":"t"}"#)
      let began = await Deadline().holds {
        scene.contents("child").hasSuffix("\n") && scene.contents("grandchild").hasSuffix("\n")
      }
      #expect(began)
      let processes = ["child", "grandchild"].compactMap {
        Int32(scene.contents($0).trimmingCharacters(in: .whitespacesAndNewlines))
      }
      #expect(processes.count == 2 && processes.allSatisfy(WorkerScene.runs))
      #expect(try scene.cancel(id) == 202)
      #expect(try await scene.job(id, becomes: "cancelled").state == "cancelled")
      #expect(await Deadline().holds { !processes.contains(where: WorkerScene.runs) })
    }
  }

  @Test func aFloodIsBoundedAndTheServerAnswers() async throws {
    let text = "yes 'a line of a flood' & sleep 1; kill $!; echo last"
    try await script(text) { scene in
      let id = try scene.enqueue(#"{"task":"t"}"#)
      _ = try await scene.job(id, becomes: "running")
      var times: [Duration] = []
      for _ in 0..<20 {
        let start = ContinuousClock.now
        #expect(try scene.running.ask("GET", "/healthz").status == 200)
        times.append(ContinuousClock.now - start)
      }
      // A busy machine may keep single ones waiting.
      #expect(times.sorted()[10] < .seconds(1), "\(times)")
      #expect(try await scene.job(id, becomes: "succeeded").state == "succeeded")
      let log = try scene.log(id)
      #expect(log.utf8.count <= Limits().jobLogBytesMax)
      #expect(log.contains("bytes left out]"))
      #expect(log.hasSuffix("last\n"))
    }
  }

  @Test func timeIsBounded() async throws {
    try await script("sleep 60", { $0.timeout = .milliseconds(300) }) { scene in
      let id = try scene.enqueue(#"{"task":"t","attempts":1}"#)
      let job = try await scene.job(id, becomes: "dead")
      #expect(job.error == "timed out after 0.3 s")
    }
  }

  /// What runs longer than the window is given back, not counted, and done by the next server.
  @Test func aServerThatEndsGivesJobsBack() async throws {
    let text = """
      echo $$ >> "$1/runs"
      [ "$(wc -l < "$1/runs")" -gt 1 ] || sleep 60
      echo "{\\"result\\":$FANFARE_ATTEMPT}"
      """
    try await WorkerScene.run({ settings, folder in
      var task = WorkerScene.script(text)
      task.exec += ["sh", folder.path]
      settings.tasks[TaskName(checked: "t")] = task
    }) { scene in
      let id = try scene.enqueue(#"{"task":"t"}"#)
      #expect(await Deadline().holds { scene.contents("runs").hasSuffix("\n") })
      await scene.running.stop()
      let first = Int32(scene.contents("runs").split(separator: "\n").first ?? "") ?? 0
      #expect(!WorkerScene.runs(first))
      let next = try await ServerUnderTest.start { $0 = scene.running.server.settings }
      let again = WorkerScene(running: next, folder: scene.folder)
      let job = try await again.job(id, becomes: "succeeded")
      #expect(job.state == "succeeded")
      #expect(job.releases == 1 && job.crashes == 0 && job.failures == 0)
      #expect(try again.text(id).contains(#""result":1"#))
      await next.stop()
    }
  }
}
