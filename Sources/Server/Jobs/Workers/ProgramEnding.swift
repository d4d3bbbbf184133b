import FanfareActors
import FanfareRuntime

/// What the end of a program means for its job.
///
/// | status | the attempt |
/// | --- | --- |
/// | 0 | succeeded |
/// | 64 to 68, 77, 78 | failed of its arguments or its surroundings (`sysexits.h`): dead |
/// | 126, 127 | its program cannot be run, or is not there: dead |
/// | any other, such as 69 and 75 | failed; tried again as the queue says |
/// | a signal | failed; tried again as the queue says |
enum ProgramEnding {
  private static let final: Set<Int32> = [64, 65, 66, 67, 68, 77, 78, 126, 127]

  /// The failure of `program`, or `nil` where there is none.
  ///
  /// - Parameter lastWords: the last lines that it wrote to its standard error stream.
  static func failure(
    of program: String, _ ending: Subprocess.Ending, lastWords: String
  ) -> JobFailure? {
    var failure: JobFailure
    switch ending {
    case .status(0): return nil
    case .status(127):
      failure = JobFailure(error: "\(program), or a program that it calls, was not found")
    case .status(let status):
      failure = JobFailure(error: "\(program) ended with status \(status)")
      failure.mayRetry = !final.contains(status)
    case .signal(let signal):
      failure = JobFailure(error: "\(program) was ended by signal \(signal)")
    }
    if ending == .status(127) { failure.mayRetry = false }
    if !lastWords.isEmpty { failure.error += ": \(lastWords)" }
    return failure
  }
}
