/// What a new connection says before anything else, and what the answers mean.
struct RedisGreeting {
  enum Step: Equatable {
    case authenticate
    case select
    case name
  }

  private let url: RedisURL
  private let name: String
  /// What has not been answered yet, in order.
  private(set) var steps: [Step]

  init(_ url: RedisURL, name: String) {
    self.url = url
    self.name = name
    var steps: [Step] = []
    if url.password != nil { steps.append(.authenticate) }
    if url.database != 0 { steps.append(.select) }
    self.steps = steps + [.name]
  }

  /// The commands of all steps.
  var commands: [[[UInt8]]] {
    steps.map { step in
      let words: [String] =
        switch step {
        case .authenticate: ["AUTH"] + [url.user, url.password].compactMap { $0 }
        case .select: ["SELECT", String(url.database)]
        case .name: ["CLIENT", "SETNAME", name]
        }
      return words.map { Array($0.utf8) }
    }
  }

  var isDone: Bool { steps.isEmpty }

  /// Takes the answer to the next step. Returns why the connection is of no use, if it is not.
  mutating func take(_ answer: RedisValue) -> RedisLost? {
    guard !steps.isEmpty else { return RedisLost("Redis answered more than it was asked") }
    let step = steps.removeFirst()
    guard case .error(let text) = answer else { return nil }
    return refusal(of: step, text)
  }

  private func refusal(of step: Step, _ text: String) -> RedisLost? {
    let place = "database \(url.database)"
    switch text.prefix(while: { $0 != " " }) {
    case "WRONGPASS":
      return RedisLost("wrong user or password, or the user is disabled", isFinal: true)
    case "NOAUTH": return RedisLost("Redis asks for a password", isFinal: true)
    case "DENIED":
      return RedisLost(
        "Redis is in protected mode: it takes only connections of its own machine", isFinal: true)
    case "ERR" where text.hasPrefix("ERR max number of clients"):
      return RedisLost(text)
    case "ERR" where step == .authenticate && text.hasPrefix("ERR AUTH"):
      return RedisLost("a password was given, but Redis has none set", isFinal: true)
    case "ERR" where step == .select, "NOPERM" where step == .select:
      return RedisLost("\(place): \(withoutSecret(text))", isFinal: true)
    case "ERR" where step == .name, "NOPERM" where step == .name:
      // Only who lists the clients of the server would have seen it.
      return nil
    default: return RedisLost(withoutSecret(text))
    }
  }

  /// An error about an unknown command repeats what it was given.
  private func withoutSecret(_ text: String) -> String {
    if let password = url.password, text.contains(password) {
      return "Redis refused with \(text.prefix { $0 != " " }.prefix(32))"
    }
    return String(text.prefix(200))
  }
}
