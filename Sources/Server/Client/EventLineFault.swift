/// Why a line is not an event that can be published.
public struct EventLineFault: Error, Sendable, Equatable, CustomStringConvertible {
  /// Where the line stands in its source, counted from 1.
  public let line: Int
  /// One sentence that says what to mend.
  public let detail: String

  /// The fault of a line.
  public init(line: Int, detail: String) {
    self.line = line
    self.detail = detail
  }

  /// `line 17: Give the event a type.`
  public var description: String { "line \(line): \(detail)" }
}
