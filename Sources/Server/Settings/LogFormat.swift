/// How a line of the log is written.
public enum LogFormat: String, Sendable, Equatable, CaseIterable {
  /// For people.
  case text
  /// One JSON object a line, for log collectors.
  case json
}
