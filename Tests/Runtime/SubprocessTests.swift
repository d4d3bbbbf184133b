import FanfareRuntime
import FanfareTestKit
import Foundation
import Glibc
import Testing

@Suite struct SubprocessTests {
  /// A file that goes when this does.
  private final class Output {
    let path = FileManager.default.temporaryDirectory
      .appending(path: "fanfare-output-\(UUID().uuidString)").path

    deinit { unlink(path) }

    var text: String { (try? String(contentsOfFile: path, encoding: .utf8)) ?? "" }
  }

  private func run(
    _ arguments: [String], environment: [String]? = nil, directory: String? = nil
  ) throws -> (ending: Subprocess.Ending?, output: String) {
    let output = Output()
    let process = try Subprocess(
      arguments, environment: environment, directory: directory,
      openings: [1: .appending(output.path), 2: .appending(output.path)])
    return (process.waitForEnding(), output.text)
  }

  @Test func tellsHowItEnded() throws {
    #expect(try run(["sh", "-c", "exit 7"]).ending == .status(7))
    #expect(try run(["sh", "-c", "kill -9 $$"]).ending == .signal(9))
    let missing = try run(["no-such-program"])
    #expect(missing.ending == .status(127))
    #expect(missing.output.contains("no-such-program"))
  }

  @Test func getsWhatIsNamedAndNothingElse() throws {
    let (_, words) = try run(
      ["env"], environment: ["A=b c", "PATH=/usr/bin:/bin"], directory: "/usr")
    #expect(words.split(separator: "\n").sorted() == ["A=b c", "PATH=/usr/bin:/bin"])
    #expect(try run(["pwd"], directory: "/usr").output == "/usr\n")
    #expect(try run(["cat"]).ending == .status(0), "its input is empty")
    // Its own list of descriptors is the fourth.
    #expect(try run(["ls", "/proc/self/fd"]).output == "0\n1\n2\n3\n")
    #expect(try run(["sh", "-c", "grep SigBlk /proc/self/status"]).output.contains("0000000000"))
  }

  /// Copies of low numbers in places of each other.
  @Test func descriptorsDoNotTakeEachOthersPlaces() throws {
    let (first, second) = (Output(), Output())
    let ones = open(first.path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
    let twos = open(second.path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
    defer {
      close(ones)
      close(twos)
    }
    let process = try Subprocess(
      ["bash", "-c", "echo one >&$0; echo two >&$1", "\(twos)", "\(ones)"],
      openings: [ones: .copy(of: twos), twos: .copy(of: ones)])
    #expect(process.waitForEnding() == .status(0))
    #expect(first.text == "one\n")
    #expect(second.text == "two\n")
  }

  @Test func manyDescriptorsAreNoHindrance() throws {
    var limit = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    let count = min(3_000, Int(limit.rlim_cur) / 2)
    let many = (0..<count).map { _ in fcntl(0, F_DUPFD_CLOEXEC, 0) }
    defer { for descriptor in many { close(descriptor) } }
    for _ in 0..<20 { #expect(try run(["true"]).ending == .status(0)) }
  }

  @Test func aSignalReachesItOrItsGroupAndNeverAnother() throws {
    let process = try Subprocess(["sleep", "600"])
    #expect(process.isRunning)
    process.signal(SIGTERM)
    #expect(process.waitForEnding() == .signal(SIGTERM))
    #expect(process.ending() == .signal(SIGTERM), "told as often as one asks")
    process.signal(SIGKILL)

    let output = Output()
    let group = try Subprocess(
      ["sh", "-c", "sleep 600 & echo $!; wait"], openings: [1: .appending(output.path)])
    let deadline = Deadline()
    while !output.text.hasSuffix("\n"), !deadline.hasPassed { usleep(1_000) }
    let child = try #require(pid_t(output.text.trimmingCharacters(in: .newlines)))
    group.signalGroup(SIGKILL)
    #expect(group.waitForEnding() == .signal(SIGKILL))
    while kill(child, 0) == 0, !isZombie(child), !deadline.hasPassed { usleep(1_000) }
    #expect(!deadline.hasPassed)
  }

  private func isZombie(_ process: pid_t) -> Bool {
    let text = (try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)) ?? ""
    return text.contains(") Z ")
  }
}
