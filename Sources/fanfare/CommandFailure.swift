import ArgumentParser
import FanfareRuntime
import FanfareServer

/// Why a command ends without having done its work: one line for people, a status for scripts.
struct CommandFailure: Error {
  /// The statuses of `sysexits.h` that are used.
  enum Status: Int32 {
    /// The command line asks for something impossible.
    case usage = 64
    /// Data to publish, or a cursor file, is not what it must be.
    case badData = 65
    /// A file to read cannot be opened.
    case noInput = 66
    /// The server cannot be reached, or the address to listen on is taken.
    case unavailable = 69
    /// The output cannot be written.
    case outputFailed = 74
    /// What answers is not a Fanfare server.
    case notUnderstood = 76
    /// The server does not allow it.
    case notAllowed = 77
    /// The settings are wrong.
    case badSettings = 78
  }

  let status: Status
  let line: String

  init(_ status: Status, _ line: String) {
    self.status = status
    self.line = line
  }

  init(_ error: SettingsError) {
    self.init(.badSettings, "\(error)")
  }

  init(_ error: ServerError) {
    switch error {
    case .cannotListen, .cannotKeepJobs, .startedTwice, .notRunning, .notPublished, .outcomeUnknown,
      .badFollow:
      self.init(.unavailable, "\(error)")
    case .cannotStart, .cannotHandle: self.init(.badSettings, "\(error)")
    }
  }

  init(_ error: ClientError) {
    self.init(Self.status(of: error), "\(error)")
  }

  private static func status(of error: ClientError) -> Status {
    switch error {
    case .badURL: .usage
    case .badData: .badData
    case .unreachable, .lost, .closed: .unavailable
    case .notUnderstood: .notUnderstood
    case .refused(let refusal):
      switch refusal.status {
      case 401, 403: .notAllowed
      case _ where error.mayPass: .unavailable
      default: .badData
      }
    }
  }

  /// Runs a command's work; what it throws becomes one line on the standard error stream and the
  /// process's status.
  static func telling(_ work: () async throws -> Void) async throws {
    do {
      try await work()
    } catch let failure as CommandFailure {
      throw failure.told()
    } catch let error as SettingsError {
      throw CommandFailure(error).told()
    } catch let error as ServerError {
      throw CommandFailure(error).told()
    } catch let error as ClientError {
      throw CommandFailure(error).told()
    } catch let error as RuntimeError {
      throw CommandFailure(.unavailable, "\(error)").told()
    }
  }

  private func told() -> ExitCode {
    StandardError.write(Array("fanfare: \(line)\n".utf8))
    return ExitCode(status.rawValue)
  }
}
