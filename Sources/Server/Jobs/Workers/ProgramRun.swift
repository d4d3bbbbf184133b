import FanfareActors
import FanfareRuntime
import Glibc

/// One program that does one job, from its start to its end. Confined to a loop of ``Programs``.
final class ProgramRun: PipeReaderDelegate, TimerTarget {
  private enum State {
    case new
    case running(Subprocess)
    /// Told to end; killed after that time.
    case ending(Subprocess, killAt: MonotonicInstant)
    case over
  }

  /// The time between two looks at whether it has ended.
  private static let interval = Duration.milliseconds(16)

  private let command: [String]
  private let environment: [String]
  private let folder: String
  private let context: TaskContext
  private let loop: EventLoop
  private var state = State.new
  private var isStopped = false
  private var output: PipeReader?
  private var errors: PipeReader?
  private var outputLines: OutputLines
  private var errorLines = OutputLines()
  private var said: ProgramOutput
  private var ended: ((Result<[UInt8]?, any Error>) -> Void)?

  init(
    _ command: [String], environment: [String], folder: String, output: ProgramOutput,
    _ context: TaskContext, on loop: EventLoop
  ) {
    self.command = command
    self.environment = environment
    self.folder = folder
    self.context = context
    self.loop = loop
    said = output
    // The longest value that can be kept, in an object with all else that may stand in it.
    let valueMax = max(context.limits.jobResultBytesMax, context.limits.jobCheckpointBytesMax)
    outputLines = OutputLines(objectBytesMax: valueMax + 2 * OutputLines.bytesMax)
  }

  /// Starts the program.
  ///
  /// - Parameter ended: told once what it came to.
  func start(_ ended: @escaping (Result<[UInt8]?, any Error>) -> Void) {
    guard !isStopped else { return ended(.failure(CancellationError())) }
    do {
      let output = try PipeReader(on: loop, delegate: self)
      self.output = output
      let errors = try PipeReader(on: loop, delegate: self)
      self.errors = errors
      let process = try Subprocess(
        command, environment: environment, directory: folder,
        openings: [1: .copy(of: output.writeEnd), 2: .copy(of: errors.writeEnd)])
      output.closeWriteEnd()
      errors.closeWriteEnd()
      state = .running(process)
      self.ended = ended
      _ = loop.schedule(after: Self.interval, self)
    } catch {
      output?.close()
      errors?.close()
      state = .over
      ended(.failure(TaskFailure.failed("\(error)")))
    }
  }

  /// Asks the program and all that it has started to end, and kills them after a while.
  func stop() {
    isStopped = true
    guard case .running(let process) = state else { return }
    process.signalGroup(SIGTERM)
    state = .ending(process, killAt: loop.now + context.killDelay)
  }

  func timerFired() {
    let process: Subprocess
    switch state {
    case .new, .over: return
    case .running(let running): process = running
    case .ending(let ending, let killAt):
      process = ending
      if loop.now >= killAt { ending.signalGroup(SIGKILL) }
    }
    guard let ending = process.endingOfGroup() else {
      _ = loop.schedule(after: Self.interval, self)
      return
    }
    finish(ending)
  }

  private func finish(_ ending: Subprocess.Ending) {
    state = .over
    // What it wrote last is in the pipes still; who holds them open was killed with it.
    output?.finish()
    errors?.finish()
    if let rest = outputLines.rest() { tell(said.output([rest])) }
    if let rest = errorLines.rest() { tell(said.errors([rest])) }
    let ended = ended
    self.ended = nil
    ended?(outcome(ending))
  }

  private func outcome(_ ending: Subprocess.Ending) -> Result<[UInt8]?, any Error> {
    let program = command.first ?? ""
    if let failure = ProgramEnding.failure(of: program, ending, lastWords: said.lastWords) {
      return .failure(isStopped ? CancellationError() : TaskFailure(failure))
    }
    if let fault = said.resultFault { return .failure(TaskFailure.final(fault)) }
    return .success(said.result)
  }

  // MARK: What it writes

  func pipe(_ reader: PipeReader, brought bytes: [UInt8]) {
    if reader === output {
      tell(said.output(outputLines.lines(completedBy: bytes)))
    } else {
      tell(said.errors(errorLines.lines(completedBy: bytes)))
    }
  }

  /// It may close its streams and run on.
  func pipeEnded(_ reader: PipeReader) {}

  private func tell(_ news: ProgramOutput.News) {
    if !news.log.isEmpty { context.log(news.log) }
    if let progress = news.progress { context.progress(progress) }
    if let usage = news.usage { context.usage(usage) }
    if let checkpoint = news.checkpoint { context.keepSoon(checkpoint) }
  }
}
