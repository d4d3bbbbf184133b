import FanfareActors

extension CommandTask {
  /// What is wrong with a task: the member at fault, and what is allowed there.
  public struct Fault: Error, Sendable, Equatable {
    /// `queue`, `exec`, `environment`, `timeout` or `progress.match`.
    public let member: String
    /// For people: what is wrong.
    public let problem: String
    /// For people: what is allowed.
    public let allowed: String
  }

  /// Finds out whether jobs of this task can be run at all.
  ///
  /// Whether the queue and the program are there is not looked at: the one is for the other
  /// settings to say, the other may come later.
  public func validate() throws(Fault) {
    guard QueueName(queue) != nil else {
      throw Fault(member: "queue", problem: "no name of a queue", allowed: QueueName.rule)
    }
    _ = try template()
    for entry in environment where !Self.isVariable(entry) {
      throw Fault(
        member: "environment", problem: "no variable: \(entry)", allowed: "NAME or NAME=value")
    }
    if let timeout, timeout <= .zero {
      throw Fault(member: "timeout", problem: "nothing takes no time", allowed: "more than 0")
    }
    if let progress { _ = try ProgressPattern(progress.match) }
  }

  /// ``exec``, taken apart.
  func template() throws(Fault) -> CommandTemplate {
    do {
      return try CommandTemplate(exec)
    } catch {
      throw Fault(
        member: "exec", problem: error.problem,
        allowed: "a program, then its arguments; {name} for a member of args, {{ for a brace")
    }
  }

  private static func isVariable(_ entry: String) -> Bool {
    let name = entry.utf8.prefix { $0 != UInt8(ascii: "=") }
    let isName = name.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
        true
      default: false
      }
    }
    return !name.isEmpty && isName && !entry.utf8.contains(0)
  }
}
