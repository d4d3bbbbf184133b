import ArgumentParser
import FanfareRuntime
import FanfareServer

/// What every command about jobs takes.
struct JobsOptions: ParsableArguments {
  @Flag(help: "Print what the server said, one JSON object a line.")
  var json = false

  @OptionGroup var client: ClientOptions

  /// Does a command's work with a client of its own.
  func talk(_ work: (ClientJobs) async throws -> Void) async throws {
    try await client.talk(work)
  }

  /// Prints an object as it came, in one line.
  static func printJSON(_ object: JSONFields) throws(CommandFailure) {
    // What somebody else wrote may have line ends between its values; in texts they are escaped.
    try print(bytes: object.text.map { $0 == 0x0A || $0 == 0x0D ? 0x20 : $0 } + [0x0A])
  }

  /// Prints text for people.
  static func print(_ text: String) throws(CommandFailure) {
    try print(bytes: Array("\(text)\n".utf8))
  }

  /// Prints one of the facts about something, beside its name.
  static func print(_ name: String, _ text: String) throws(CommandFailure) {
    try print(name + String(repeating: " ", count: max(1, 14 - name.count)) + text)
  }

  static func print(bytes: [UInt8]) throws(CommandFailure) {
    guard case .failed(let code) = StandardOutput.write(bytes) else { return }
    throw CommandFailure(
      .outputFailed, "the output cannot be written: \(SystemErrorText.of(code))")
  }

  /// Tells what was done, beside the output.
  static func tell(_ text: String) {
    StandardError.write(Array("\(text)\n".utf8))
  }

  /// `1 job`, `12 jobs`.
  static func count(_ number: Int, _ noun: String = "job") -> String {
    number == 1 ? "1 \(noun)" : "\(number) \(noun)s"
  }
}

extension ClientOptions {
  /// Does a command's work with a client for jobs.
  func talk(_ work: (ClientJobs) async throws -> Void) async throws {
    try await CommandFailure.telling {
      let url = try server()
      let group = try LoopGroup.start(count: 1)
      let jobs = ClientJobs(url, on: group.loops[0]) { error, delay in
        let text = "# \(error); trying again in \(SecondsText.of(delay))\n"
        StandardError.write(Array(text.utf8))
      }
      let ending: Result<Void, any Error>
      do {
        ending = .success(try await work(jobs))
      } catch {
        ending = .failure(error)
      }
      await jobs.close()
      await group.stop()
      try ending.get()
    }
  }
}
