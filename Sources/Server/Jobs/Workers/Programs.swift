import FanfareActors
import FanfareRuntime
import FoundationEssentials
import Glibc

/// Runs programs for jobs. It has a loop of its own, so that no flood of output costs those who
/// follow events a millisecond. Any thread.
final class Programs: Sendable {
  /// The bytes of what a program is given in one variable of its environment.
  private static let variableBytesMax = 64 * 1024
  private static let path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

  private let group: LoopGroup
  private let limits: Limits
  private var loop: EventLoop { group.loops[0] }
  /// Folders that are being removed.
  private let removals: LoopConfined<FolderRemovals>

  /// Starts the loop.
  init(_ limits: Limits) throws(RuntimeError) {
    group = try LoopGroup.start(count: 1)
    self.limits = limits
    removals = LoopConfined(FolderRemovals(on: group.loops[0]), to: group.loops[0])
  }

  /// Runs the program of `task` for one job. When the calling task is cancelled the program, and
  /// all that it has started, is told to end and killed if it does not.
  func run(
    _ task: CommandTask, _ template: CommandTemplate, _ job: Job, _ context: TaskContext
  ) async throws -> [UInt8]? {
    let command: [String]
    do {
      command = try template.filled(from: job.arguments)
    } catch {
      throw TaskFailure.final(error.problem)
    }
    let folder = try Self.makeFolder()
    let run = LoopConfined(
      ProgramRun(
        command, environment: Self.environment(task, job), folder: folder,
        output: ProgramOutput(task.progress, resultBytesMax: limits.jobResultBytesMax), context,
        on: loop),
      to: loop)
    defer { remove(folder) }
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        let isPosted = loop.post { run.get.start { continuation.resume(with: $0) } }
        if !isPosted { continuation.resume(throwing: TaskFailure.failed("too busy")) }
      }
    } onCancel: {
      // Refused by a loop far behind: the program ends with the server at the latest.
      _ = run.loop.post { run.get.stop() }
    }
  }

  /// What a program finds in its environment.
  static func environment(_ task: CommandTask, _ job: Job) -> [String] {
    var variables: [String] = []
    for entry in task.environment {
      if entry.utf8.contains(UInt8(ascii: "=")) {
        variables.append(entry)
      } else if let value = variable(entry) {
        variables.append("\(entry)=\(value)")
      }
    }
    if !variables.contains(where: { $0.hasPrefix("PATH=") }) { variables.append(path) }
    variables.append("FANFARE_JOB=\(job.id)")
    variables.append("FANFARE_ATTEMPT=\(job.attempt)")
    for (name, value) in [("FANFARE_INPUT", job.input), ("FANFARE_CHECKPOINT", job.checkpoint)] {
      guard let value, value.count <= variableBytesMax else { continue }
      variables.append("\(name)=\(String(decoding: value, as: UTF8.self))")
    }
    return variables
  }

  private static func variable(_ name: String) -> String? {
    ProcessInfo.processInfo.environment[name]
  }

  // MARK: Folders

  private static func makeFolder() throws(TaskFailure) -> String {
    var name = Array("\(temporaryFolder)/fanfare-job-XXXXXX".utf8CString)
    guard mkdtemp(&name) != nil else {
      throw .failed("no working directory in \(temporaryFolder): error \(errno)")
    }
    return String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  private static let temporaryFolder = variable("TMPDIR") ?? "/tmp"

  private func remove(_ folder: String) {
    let removals = removals
    _ = loop.post { removals.get.remove(folder) }
  }

  /// Ends its loop, once folders that are being removed are gone or a while has passed. No program
  /// runs by then.
  func stop() async {
    let clock = ContinuousClock()
    let end = clock.now + .seconds(5)
    let removals = removals
    while clock.now < end, await loop.run({ !removals.get.isEmpty }) {
      await Task { try? await Task.sleep(for: .milliseconds(10)) }.value
    }
    await group.stop()
  }
}
