import FanfareRuntime
import FanfareTestKit
import Foundation
import Glibc
import Testing

@Suite struct LeftProcessesTests {
  @Test func thoseWithTheVariableAreKilledAndNoOthers() async throws {
    let mark = "FANFARE_MARK=/\(UUID().uuidString)/"
    let folder = FileManager.default.temporaryDirectory
      .appending(path: "fanfare-left-\(UUID().uuidString)").path
    defer { unlink(folder) }
    // Its child has a session of its own: no signal to a group reaches it.
    let parent = try Subprocess(
      ["sh", "-c", "setsid sleep 1000 & echo $! > $0; wait", folder],
      environment: ["PATH=/usr/bin:/bin", "A=b", "\(mark)a"])
    let other = try Subprocess(
      ["sleep", "1000"], environment: ["PATH=/usr/bin:/bin", "A=\(mark)a"])
    defer { other.signal(SIGKILL) }
    func child() -> Int32? {
      let text = try? String(contentsOfFile: folder, encoding: .utf8)
      return text.flatMap { Int32($0.trimmingCharacters(in: .newlines)) }
    }
    #expect(await Deadline().holds { child() != nil })
    let number = try #require(child())
    #expect(LeftProcesses.kill(withVariable: mark) == 2)
    #expect(parent.waitForEnding() == .signal(SIGKILL))
    #expect(kill(number, 0) != 0 || isDead(number))
    #expect(LeftProcesses.kill(withVariable: mark) == 0)
    #expect(other.isRunning)
  }

  /// Ended, and perhaps not waited for.
  private func isDead(_ number: Int32) -> Bool {
    let status = try? String(contentsOfFile: "/proc/\(number)/stat", encoding: .utf8)
    return status?.contains(") Z ") ?? true
  }
}
