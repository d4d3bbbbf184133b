import FanfareActors
import FanfareRuntime
import FoundationEssentials
import Glibc
import Logging

/// Runs programs for jobs. It has a loop of its own, so that no flood of output costs those who
/// follow events a millisecond. Any thread.
final class Programs: Sendable {
  /// The bytes of what a program is given in one variable of its environment.
  private static let variableBytesMax = 64 * 1024
  private static let path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

  private static let folderPrefix = "fanfare-work-"
  /// What tells the programs of one process, and all that they start, from those of another.
  private static let folderVariable = "FANFARE_FOLDER"

  private let group: LoopGroup
  private let limits: Limits
  private let logger: Logger
  private var loop: EventLoop { group.loops[0] }
  /// Where the programs' folders are, once there is one.
  private let ownFolder = Locked<OwnFolder?>(nil)
  /// Folders that are being removed.
  private let removals: LoopConfined<FolderRemovals>

  /// Starts the loop, and ends what the programs of a server that was killed have left.
  init(_ limits: Limits, logger: Logger) throws(RuntimeError) {
    group = try LoopGroup.start(count: 1)
    self.limits = limits
    self.logger = logger
    removals = LoopConfined(FolderRemovals(on: group.loops[0]), to: group.loops[0])
    for folder in OwnFolder.left(in: Self.temporaryFolder, prefix: Self.folderPrefix) {
      tidy(folder)
    }
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
    let folder = try makeFolder()
    let run = LoopConfined(
      ProgramRun(
        command, environment: Self.environment(task, job, in: folder), folder: folder,
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
  static func environment(
    _ task: CommandTask, _ job: Job, in folder: String
  ) -> [String] {
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
    variables.append("\(folderVariable)=\(folder)")
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

  private func makeFolder() throws(TaskFailure) -> String {
    let made = ownFolder.withLock { Self.makeFolder(in: &$0) }
    switch made {
    case .success(let folder): return folder
    case .failure(let error): throw .failed("no working directory: \(error)")
    }
  }

  private static func makeFolder(in own: inout OwnFolder?) -> Result<String, RuntimeError> {
    var fault = RuntimeError(operation: "no folder in \(temporaryFolder)", code: -ENOENT)
    // The second time where somebody has tidied up temporary files.
    for _ in 0..<2 where fault.code == -ENOENT {
      do throws(RuntimeError) {
        if own == nil { own = try OwnFolder(in: temporaryFolder, prefix: folderPrefix) }
        if let own { return .success(try own.makeFolder(prefix: "job-")) }
      } catch {
        own = nil
        fault = error
      }
    }
    return .failure(fault)
  }

  /// Ends the programs that have outlived another server, and removes their folders.
  private func tidy(_ folder: OwnFolder) {
    let beginning = "\(folder.path)/"
    // Whoever was started by such a program himself does not saw off his own branch.
    guard Self.variable(Self.folderVariable)?.hasPrefix(beginning) != true else { return }
    let killed = LeftProcesses.kill(withVariable: "\(Self.folderVariable)=\(beginning)")
    logger.notice(
      "what the programs of a killed server left is removed",
      metadata: ["folder": "\(folder.path)", "processes": "\(killed)"])
    remove(folder.path)
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
    if let folder = ownFolder.withLock({ $0?.path }) { remove(folder) }
    while clock.now < end, await loop.run({ !removals.get.isEmpty }) {
      await Task { try? await Task.sleep(for: .milliseconds(10)) }.value
    }
    await group.stop()
  }
}
