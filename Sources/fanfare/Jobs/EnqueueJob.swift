import ArgumentParser
import FanfareServer

/// `fanfare jobs enqueue`.
struct EnqueueJob: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "enqueue",
    abstract: "Ask for a job, or for many at once, and print their ids.",
    discussion: """
      ARGS is one JSON value; - reads it from the standard input. What fails for a reason that may \
      pass is tried again, and never enqueued twice.

      With --file every line is one job: a JSON object with task, args and whatever else the \
      options here say (key, delay, priority …). All are accepted, or none; their ids come in the \
      order of the lines. At most 1000 jobs and 1 MiB, unless the server is set otherwise.

      EXAMPLES:
        fanfare jobs enqueue agent_queue plan_issue '{"issue":1204}'
        fanfare jobs enqueue git_queue clone '{"url":"https://example.org/fanfare.git"}' \\
          --channel project:42 --key clone-fanfare
        fanfare jobs enqueue sync_queue pull_tracker --delay 3600
        fanfare jobs watch "$(fanfare jobs enqueue cicd_queue run_pipeline)"
        fanfare jobs enqueue git_queue --file jobs.ndjson
        ./produce | fanfare jobs enqueue git_queue --file -
      """)

  @Argument(help: "Where it waits for its worker.")
  var queue: String

  @Argument(help: "What is to be done.")
  var task: String?

  @Argument(help: "What with, as JSON; without it {}.")
  var args: String?

  @Option(help: ArgumentHelp("Where its events are published.", valueName: "channel"))
  var channel: String?

  @Option(help: "No other job of the queue with this key is made until it is over.")
  var key: String?

  @Option(help: ArgumentHelp("Keep the key taken for so long.", valueName: "seconds"))
  var uniqueFor: Double?

  @Option(help: ArgumentHelp("Not before so long from now.", valueName: "seconds"))
  var delay: Double?

  @Option(help: ArgumentHelp("Not before then: 2030-01-31T18:00:00Z.", valueName: "time"))
  var at: String?

  @Option(help: ArgumentHelp("-100 to 100; the greater comes first.", valueName: "n"))
  var priority: Int?

  @Option(help: ArgumentHelp("Failures after which it is dead.", valueName: "n"))
  var attempts: Int?

  @Option(help: ArgumentHelp("How long one attempt may take.", valueName: "seconds"))
  var timeout: Double?

  @Option(help: ArgumentHelp("The budget that it draws on.", valueName: "name"))
  var rateKey: String?

  @Option(help: ArgumentHelp("The tokens of the budget that an attempt takes.", valueName: "n"))
  var tokens: Int?

  @Option(
    help: ArgumentHelp("Ask for the jobs in the lines of this file, or of -.", valueName: "file"))
  var file: String?

  @OptionGroup var options: JobsOptions

  func validate() throws {
    if file != nil {
      guard task == nil, ofOne.isEmpty else {
        throw ValidationError("lines name their own task and options; give them or --file")
      }
      return
    }
    guard task != nil else { throw ValidationError("give a task, or lines with --file") }
    guard delay == nil || at == nil else {
      throw ValidationError("give either --delay or --at, not both")
    }
    for seconds in [uniqueFor, delay, timeout].compactMap(\.self) {
      guard seconds >= 0, seconds < 1e9 else {
        throw ValidationError("times are seconds from 0 on")
      }
    }
  }

  func run() async throws {
    guard file == nil else { return try await enqueueLines() }
    try await options.talk { jobs in
      let json = args == "-" ? try await InputReader(nil).all() : Array((args ?? "{}").utf8)
      let answer: JSONFields
      do throws(ClientError) {
        answer = try await jobs.post(
          ["queues", queue, "jobs"], members(json), key: ClientJobs.newKey())
      } catch {
        guard case .badData = error else { throw error }
        throw CommandFailure(
          .badData, #"the arguments are not JSON; a text needs quotes of its own: '"hello"'"#)
      }
      guard !options.json else { return try JobsOptions.printJSON(answer) }
      guard let id = answer.string("id") else { throw JobPages.noJobs }
      try JobsOptions.print(id)
      JobsOptions.tell("\(answer.string("state") ?? "queued") in \(queue)")
    }
  }

  private func enqueueLines() async throws {
    try await options.talk { jobs in
      let lines = try await InputReader(file).all()
      let answer: JSONFields
      do throws(ClientError) {
        answer = try await jobs.post(
          ["queues", queue, "jobs"], body: lines, isLines: true, key: ClientJobs.newKey())
      } catch {
        guard case .refused(let refusal) = error, let line = refusal.line else { throw error }
        let source = file == "-" ? "standard input" : file ?? ""
        throw CommandFailure(
          .badData, "\(source) \(EventLineFault(line: line, detail: refusal.detail))")
      }
      guard let made = answer.objects("jobs") else { throw JobPages.noJobs }
      for job in made {
        if options.json {
          try JobsOptions.printJSON(job)
        } else {
          try JobsOptions.print(job.string("id") ?? "")
        }
      }
      let old = made.count { !$0.isTrue("new") }
      let known = old == 0 ? "" : ", \(old) of them there already by their keys"
      if !options.json { JobsOptions.tell("\(JobsOptions.count(made.count)) in \(queue)\(known)") }
    }
  }

  private func members(_ json: [UInt8]) -> [(name: String, value: ClientValue)] {
    [("task", .text(task ?? "")), ("args", .json(json))] + ofOne
  }

  /// What the options say of a job.
  private var ofOne: [(name: String, value: ClientValue)] {
    let all: [(name: String, value: ClientValue?)] = [
      ("channel", channel.map { .text($0) }), ("key", key.map { .text($0) }),
      ("unique_for", uniqueFor.map { .seconds($0) }),
      ("delay", delay.map { .seconds($0) }), ("at", at.map { .text($0) }),
      ("priority", priority.map { .number($0) }), ("attempts", attempts.map { .number($0) }),
      ("timeout", timeout.map { .seconds($0) }), ("rate_key", rateKey.map { .text($0) }),
      ("cost", tokens.map { .object([("tokens", .number($0))]) }),
    ]
    return all.compactMap { name, value in value.map { (name, $0) } }
  }
}
