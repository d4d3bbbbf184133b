import FanfareRuntime
import FanfareTestKit
import Foundation
import Glibc
import Testing

/// What programs leave behind when their server is killed, and what the next one does about it.
@Suite(.timeLimit(.minutes(10)))
struct LeftProgramsTests {
  /// A server whose one task starts a program that starts another.
  private struct Scene {
    let folder: URL
    let process: FanfareProcess
    let address: String

    init(in folder: URL, _ temporary: URL) async throws {
      self.folder = folder
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      let config = folder.appending(path: "fanfare.yaml")
      let script = #"""
        setsid sleep 1000 & echo $! > "$1/new"; pwd > "$1/folder"; mv "$1/new" "$1/left"; wait
        """#
      try """
      tasks:
        t: { queue: sync_queue, exec: [sh, -c, '\(script)', sh, '\(folder.path)'] }
      """.write(to: config, atomically: true, encoding: .utf8)
      process = try FanfareProcess(
        [
          "serve", "--listen", "127.0.0.1:0", "--config", config.path, "--set",
          "jobs.store=sqlite", "jobs.path=\(folder.path)/jobs.sqlite", "drain.window=100ms",
        ], variables: ["TMPDIR=\(temporary.path)"])
      let line = try await process.errors.line(containing: "listening")
      let word = line.split(separator: " ").first { $0.hasPrefix("address=") }
      address = String(word?.dropFirst("address=".count) ?? "")
    }

    func enqueue() async throws {
      let asked = try FanfareProcess(["jobs", "enqueue", "sync_queue", "t"], server: address)
      #expect(try await asked.status() == 0)
      #expect(await Deadline().holds { left != nil })
    }

    private func text(_ name: String) -> String? {
      (try? String(contentsOf: folder.appending(path: name), encoding: .utf8))?
        .trimmingCharacters(in: .newlines)
    }

    /// The process that its program has started.
    var left: Int32? { text("left").flatMap { Int32($0) } }

    var programRuns: Bool { left.map(WorkerScene.runs) ?? false }

    var programFolderIsThere: Bool {
      text("folder").map { FileManager.default.fileExists(atPath: $0) } ?? false
    }
  }

  @Test func theNextServerEndsThemAndLeavesThoseOfOthersAlone() async throws {
    try await CommandSandbox.withDirectory { folder in
      let temporary = folder.appending(path: "tmp")
      try FileManager.default.createDirectory(at: temporary, withIntermediateDirectories: true)
      let killed = try await Scene(in: folder.appending(path: "killed"), temporary)
      let other = try await Scene(in: folder.appending(path: "other"), temporary)
      for scene in [killed, other] { try await scene.enqueue() }
      killed.process.signal(SIGKILL)
      #expect(try await killed.process.status() == 128 + SIGKILL)
      #expect(killed.programRuns && killed.programFolderIsThere)
      let next = try await Scene(in: folder.appending(path: "killed"), temporary)
      #expect(await Deadline().holds { !killed.programRuns && !killed.programFolderIsThere })
      #expect(other.programRuns && other.programFolderIsThere)
      // Who ends in good order leaves nothing at all, but for what has left its program's group.
      for server in [next, other] { server.process.signal(SIGTERM) }
      for server in [next, other] { #expect(try await server.process.status() == 0) }
      #expect(try FileManager.default.contentsOfDirectory(atPath: temporary.path).isEmpty)
      if let left = other.left { kill(left, SIGKILL) }
    }
  }
}
