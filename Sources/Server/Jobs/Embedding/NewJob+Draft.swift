import FanfareActors
import FanfareRuntime
import FoundationEssentials

extension NewJob {
  /// The job as a request over HTTP would ask for it: both are checked by the same rules.
  ///
  /// - Parameter place: what stands before the sentence of a refusal.
  func body(_ place: String) throws(JobsError) -> [UInt8] {
    var writer = JSONWriter()
    do {
      try ClientValue.object(members).append(to: &writer)
    } catch {
      throw .refused("\(place)Give one JSON value as the arguments of \(task).")
    }
    return writer.bytes
  }

  private var members: [(name: String, value: ClientValue)] {
    var members: [(name: String, value: ClientValue)] = [
      ("task", .text(task)), ("args", .json(argumentsJSON)),
    ]
    func add(_ name: String, _ value: ClientValue?) {
      if let value { members.append((name, value)) }
    }
    add("channel", channel.map { .text($0) })
    add("key", uniqueKey.map { .text($0) })
    add("unique_for", uniqueFor.map { .seconds($0.inSeconds) })
    switch start {
    case .now: break
    case .after(let delay): add("delay", .seconds(delay.inSeconds))
    case .at(let date): add("at", .text(Self.text(date)))
    }
    add("priority", .number(priority))
    add("attempts", attempts.map { .number($0) })
    add("timeout", timeout.map { .seconds($0.inSeconds) })
    add("rate_key", rateKey.map { .text($0) })
    add("cost", .object([("tokens", .number(cost))]))
    if !eventTypes.isEmpty {
      let types = eventTypes.map { (name: $0.rawValue, value: ClientValue.text($1.text)) }
      add("events", .object(types.sorted { $0.name < $1.name }))
    }
    return members
  }

  /// The first moment that has no text: that of the year 10,000, in milliseconds since 1970.
  private static let endOfText = 253_402_300_800_000.0

  /// What is beyond is refused as any text that is no time.
  private static func text(_ date: Date) -> String {
    let milliseconds = (date.timeIntervalSince1970 * 1_000).rounded()
    guard milliseconds < endOfText else { return "later" }
    return Timestamp.text(milliseconds: max(0, Int64(exactly: milliseconds) ?? 0))
  }
}

extension JobDraft {
  /// A job that the process itself asks for.
  ///
  /// - Parameters:
  ///   - body: as `job` writes itself.
  ///   - place: what stands before the sentence of a refusal.
  init(
    _ job: NewJob, _ body: [UInt8], place: String, _ limits: Limits
  ) throws(JobsError) {
    guard let queue = QueueName(job.queue) else {
      throw .refused("\(place)Mend the queue: \(QueueName.rule).")
    }
    do {
      let object = try RequestObject(
        body, place: place, problem: "bad-job", allowed: Self.memberNames)
      try self.init(object, in: queue, limits)
    } catch {
      throw .refused(error.detail)
    }
  }
}
