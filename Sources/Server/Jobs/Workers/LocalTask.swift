import FanfareActors
import FoundationEssentials

/// What this process does for the jobs of one task.
struct LocalTask: Sendable {
  let name: TaskName
  let timeout: Duration?
  /// Does one job. Returns its result, one JSON value, if there is one.
  let run: @Sendable (Job, TaskContext) async throws -> [UInt8]?

  /// - Parameter name: the name of the handler's task.
  init(_ handler: some TaskHandler, named name: TaskName) {
    self.name = name
    timeout = handler.timeout
    run = { job, context in
      let result = try await handler.run(try Self.arguments(of: job), context)
      let json = Array(try JSONEncoder().encode(result))
      guard json.count <= context.limits.jobResultBytesMax else {
        throw TaskFailure.final(
          "its result has more than \(context.limits.jobResultBytesMax) bytes")
      }
      return json
    }
  }

  /// - Parameter command: has been validated.
  init(
    _ command: CommandTask, _ template: CommandTemplate, named name: TaskName,
    _ programs: Programs
  ) {
    self.name = name
    timeout = command.timeout
    run = { job, context in
      try await programs.run(command, template, job, context)
    }
  }

  private static func arguments<Arguments: Decodable>(
    of job: Job
  ) throws(TaskFailure) -> Arguments {
    do {
      return try JSONDecoder().decode(Arguments.self, from: Data(job.arguments))
    } catch {
      throw .final("its args are not what the task takes: \(error)")
    }
  }

  /// How a job came out.
  enum Outcome: Sendable {
    case succeeded([UInt8]?)
    case failed(JobFailure)
    /// It stopped because it was told to.
    case stopped
  }

  /// Does one job, on the shared pool.
  @concurrent func outcome(of job: Job, _ context: TaskContext) async -> Outcome {
    do {
      return .succeeded(try await run(job, context))
    } catch let failure as TaskFailure {
      return .failed(failure.failure)
    } catch is CancellationError {
      return .stopped
    } catch {
      return .failed(JobFailure(error: "\(error)"))
    }
  }
}
