import FanfareActors

/// Finds in a program's lines how far it is. Confined to whoever made it: a `Regex` is not to be
/// shared.
struct ProgressPattern {
  /// The bytes kept of a line's words.
  private static let messageBytesMax = 200

  private let regex: Regex<AnyRegexOutput>
  /// Whether the groups say by their names what they find.
  private let isNamed: Bool

  /// A pattern of the configuration; see ``CommandTask/Progress/match``.
  init(_ match: String) throws(CommandTask.Fault) {
    guard let regex = try? Regex(match) else { throw Self.fault("no regular expression") }
    self.regex = regex.matchingSemantics(.unicodeScalar)
    // An alternative that matches the empty text tells what groups there are.
    guard let probe = try? Regex("(?:\(match))|").wholeMatch(in: "") else {
      throw Self.fault("no regular expression")
    }
    let names = probe.output.compactMap(\.name)
    isNamed = names.contains("current")
    guard isNamed || names.isEmpty, isNamed || (2...4).contains(probe.output.count) else {
      throw Self.fault("groups that say nothing of progress")
    }
  }

  private static func fault(_ problem: String) -> CommandTask.Fault {
    CommandTask.Fault(
      member: "progress.match", problem: problem,
      allowed: "a regular expression with one group (percent), two (current, total), three"
        + " (percent, current, total), or groups named current, total, message")
  }

  /// What `line` tells, if anything. What stands before the match is its message, unless a group is
  /// named so.
  func progress(in line: String) -> JobProgress? {
    guard let match = line.firstMatch(of: regex) else { return nil }
    let groups = match.output
    let current: Double?
    let total: Double?
    var message = String(line[..<match.range.lowerBound])
    if isNamed {
      current = Self.number(groups["current"]?.substring)
      total = Self.number(groups["total"]?.substring)
      if let named = groups["message"]?.substring { message = String(named) }
    } else {
      switch groups.count {
      case 2: (current, total) = (Self.number(groups[1].substring), 100)
      case 3:
        (current, total) = (Self.number(groups[1].substring), Self.number(groups[2].substring))
      default:
        (current, total) = (Self.number(groups[2].substring), Self.number(groups[3].substring))
      }
    }
    guard let current else { return nil }
    return JobProgress(current: current, total: total, message: Self.tidy(message))
  }

  private static func number(_ text: Substring?) -> Double? {
    guard let value = text.flatMap({ Double($0) }), value.isFinite else { return nil }
    return value
  }

  /// Without what leads over to the numbers; `nil` where nothing is left.
  private static func tidy(_ message: String) -> String? {
    var text = Substring(message)
    while let last = text.last, last.isWhitespace || last == ":" { text.removeLast() }
    while let first = text.first, first.isWhitespace { text.removeFirst() }
    guard text.utf8.count > messageBytesMax else { return text.isEmpty ? nil : String(text) }
    return String(decoding: text.utf8.prefix(messageBytesMax), as: UTF8.self)
  }
}
