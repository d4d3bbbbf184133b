import FanfareActors
import FanfareRuntime

extension JobDraft {
  /// What a request says of a job.
  static let memberNames = [
    "task", "args", "channel", "key", "unique_for", "delay", "at", "priority", "attempts",
    "timeout", "rate_key", "cost", "events",
  ]
  /// What it says of a job that is a step: it begins when the step before has ended, and is new.
  static let stepMemberNames =
    ["queue"]
    + memberNames.filter { !["key", "unique_for", "delay", "at"].contains($0) }

  /// The seconds that anything about a job may take.
  static let secondsMax = 366 * 86_400
  private static let costMax = 1_000_000_000

  /// The job that a request asks for.
  init(_ object: RequestObject, in queue: QueueName, _ limits: Limits) throws(Problem) {
    guard let task = try object.text("task", TaskName.rule, { TaskName($0) }) else {
      throw object.refusal("Give the job a task.")
    }
    let arguments = try object.raw("args", bytesMax: limits.jobArgumentsBytesMax)
    self.init(queue: queue, task: task, arguments: arguments ?? Array("{}".utf8))
    channel = try object.text("channel", ChannelName.rule) { ChannelName($0) }
    if let channel, ChannelName.reservedNamespaces.contains(String(channel.namespace)) {
      throw .reserved(channel, place: object.place)
    }
    key = try object.text("key", "1 to 255 bytes") {
      (1...255).contains($0.utf8.count) ? $0 : nil
    }
    uniqueFor = try object.seconds("unique_for", max: Self.secondsMax)
    guard uniqueFor == nil || key != nil else {
      throw object.refusal("Give a key with unique_for, or neither.")
    }
    start = try Self.start(object)
    priority = try object.int("priority", in: -100...100) ?? 0
    attempts = try object.int("attempts", in: 1...1_000)
    timeout = try object.seconds("timeout", max: Self.secondsMax)
    if timeout == .zero { throw object.refusal("Give timeout as more than 0 seconds.") }
    rateKey = try object.text("rate_key", RateKey.rule) { RateKey($0) }
    if let cost = try object.object("cost", allowed: ["tokens"]) {
      self.cost = try cost.int("tokens", in: 0...Self.costMax) ?? 0
    }
    eventTypes = try Self.eventTypes(object)
  }

  private static func start(_ object: RequestObject) throws(Problem) -> Start {
    let delay = try object.seconds("delay", max: secondsMax)
    let at = try object.text(
      "at", "a time like 2026-05-04T03:02:01Z, not after the year 9999"
    ) { Timestamp.milliseconds($0) }
    switch (delay, at) {
    case (nil, nil): return .now
    case (let delay?, nil): return .after(delay)
    case (nil, let at?): return .at(at)
    case (_?, _?): throw object.refusal("Give either delay or at, not both.")
    }
  }

  private static func eventTypes(
    _ object: RequestObject
  ) throws(Problem) -> [JobEventKind: EventType] {
    guard let texts = try object.texts("events") else { return [:] }
    var types: [JobEventKind: EventType] = [:]
    for (name, text) in texts {
      guard let kind = JobEventKind(rawValue: name) else {
        let names = JobEventKind.allCases.map(\.rawValue)
        throw object.refusal(
          "events: Remove the member \(name.prefix(64)); there are "
            + "\(names.joined(separator: ", ")).")
      }
      guard let type = EventType(text) else {
        throw object.refusal("events: Mend \(name): \(EventType.rule).")
      }
      types[kind] = type
    }
    return types
  }
}
