/// What a worker of a verification did with a job, in one line of its output: it is read after the
/// worker's death too.
struct JobRecord: Sendable, Equatable {
  /// What was done.
  enum Deed: String, Sendable, CaseIterable {
    case leased, heartbeat, progress, checkpoint, succeed, fail, release
    /// The first line of a ``succeed``, ``fail`` or ``release``: its outcome may never be known.
    case begins

    /// Whether it ends an attempt.
    var isEnd: Bool { self == .succeed || self == .fail || self == .release }
  }

  /// How the server answered.
  enum Outcome: Sendable, Equatable {
    /// A state of the job, or `kept`.
    case accepted(String)
    /// 409 `lease-lost`.
    case fenced
    /// No answer came: it may have been done.
    case unknown
    /// Anything else, with its status.
    case refused(Int)
  }

  let deed: Deed
  let job: String
  let token: Int64
  /// Nanoseconds on the machine's monotonic clock: before it was asked, and after the answer.
  let asked: UInt64
  let answered: UInt64
  let outcome: Outcome
  /// The number in the arguments of the job.
  let number: Int

  init(
    _ deed: Deed, _ job: String, _ token: Int64, number: Int, asked: UInt64, answered: UInt64,
    _ outcome: Outcome
  ) {
    self.deed = deed
    self.job = job
    self.token = token
    self.number = number
    self.asked = asked
    self.answered = answered
    self.outcome = outcome
  }

  /// Reads a line; nil for one that was cut off.
  init?(_ line: Substring) {
    let words = line.split(separator: " ")
    guard words.count == 8, words[7] == ".", let deed = Deed(rawValue: String(words[0])),
      let token = Int64(words[2]), let number = Int(words[3]), let asked = UInt64(words[4]),
      let answered = UInt64(words[5])
    else { return nil }
    self.init(
      deed, String(words[1]), token, number: number, asked: asked, answered: answered,
      Outcome(String(words[6])))
  }

  /// The line, with its end.
  var line: String {
    "\(deed.rawValue) \(job) \(token) \(number) \(asked) \(answered) \(outcome.word) .\n"
  }
}

extension JobRecord.Outcome {
  fileprivate var word: String {
    switch self {
    case .accepted(let state): state
    case .fenced: "fenced"
    case .unknown: "unknown"
    case .refused(let status): "\(status)"
    }
  }

  fileprivate init(_ word: String) {
    switch word {
    case "fenced": self = .fenced
    case "unknown": self = .unknown
    default: self = Int(word).map { .refused($0) } ?? .accepted(word)
    }
  }
}
