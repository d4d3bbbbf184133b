/// Which types of events a follower wants: `agent_*,issue_created`. A pattern is a type, or a
/// beginning of one followed by `*`.
public struct TypeFilter: Sendable, Equatable {
  /// The patterns that one follower may give.
  public static let patternsMax = 64

  private enum Pattern: Equatable {
    case exact(String)
    case prefix(String)
  }

  private let patterns: [Pattern]

  /// Reads patterns joined by `,`; `nil` when one of them is malformed or there are too many.
  public init?(_ text: some StringProtocol) {
    self.init(patterns: text.split(separator: ",", omittingEmptySubsequences: false))
  }

  /// A filter of these patterns; `nil` when one is malformed, or there are none or too many.
  public init?(patterns texts: [some StringProtocol]) {
    guard (1...Self.patternsMax).contains(texts.count) else { return nil }
    var patterns: [Pattern] = []
    for text in texts {
      let body = text.hasSuffix("*") ? text.dropLast() : text[...]
      guard body.utf8.count <= 128, body.utf8.allSatisfy(EventType.isAllowed) else { return nil }
      if text.hasSuffix("*") {
        patterns.append(.prefix(String(body)))
      } else {
        guard !body.isEmpty else { return nil }
        patterns.append(.exact(String(body)))
      }
    }
    self.patterns = patterns
  }

  /// What a refused filter has to be told.
  public static let rule =
    "types are event types or beginnings followed by *, joined by commas, at most 64"

  /// Whether a follower with this filter wants events of `type`.
  public func accepts(_ type: EventType) -> Bool {
    patterns.contains { pattern in
      switch pattern {
      case .exact(let text): type.text == text
      case .prefix(let text): type.text.utf8.starts(with: text.utf8)
      }
    }
  }
}
