import FanfareServer

/// Tells what became of a job that somebody wanted to be otherwise.
enum JobChange {
  /// - Parameter asked: whether a job that still runs was asked to stop.
  static func tell(
    _ id: String, _ answer: JSONFields?, json: Bool, asked: Bool = false
  ) throws(CommandFailure) {
    if json {
      if let answer { try JobsOptions.printJSON(answer) }
      return
    }
    let state = answer?.string("state") ?? "cancelled"
    JobsOptions.tell(
      asked && state == "running" ? "\(id) is asked to stop" : "\(id) is \(state)")
  }
}
