/// A server's refusal: its status, and what its `application/problem+json` says (RFC 9457).
public struct Refusal: Sendable, Equatable, CustomStringConvertible {
  /// The status of the answer.
  public let status: Int
  /// The last part of the problem's `type`, for programs; empty if the answer has none.
  public let kind: String
  /// One sentence that says what to mend, or the status if the server gave none.
  public let detail: String
  /// When to come back, for refusals that pass.
  public let retryAfter: Duration?
  /// The line of an NDJSON body that is at fault, counted from 1.
  public let line: Int?

  /// The longest text that is kept of a detail.
  private static let detailScalarsMax = 1_000

  init(_ head: ResponseHead, _ body: [UInt8]) {
    status = head.status
    let problem = JSONFields(body)
    kind = problem?.string("type")?.split(separator: "/").last.map(String.init) ?? ""
    let said = problem?.string("detail") ?? problem?.string("title")
    let text = Self.printable(said ?? ReasonPhrase.of(head.status))
    (line, detail) = Self.place(text)
    retryAfter = head.first("retry-after").flatMap(Int.init).flatMap { seconds in
      (0...86_400).contains(seconds) ? .seconds(seconds) : nil
    }
  }

  /// Whether the same request may succeed a little later. The gateway statuses are those of proxies
  /// whose server is away.
  var mayPass: Bool { [408, 429, 502, 503, 504].contains(status) }

  /// One line for the user.
  public var description: String { "the server refused (\(status)): \(detail)" }

  /// The line number before the sentence: `Line 17: Give the event a type.`
  private static func place(_ text: String) -> (line: Int?, detail: String) {
    let mark = "Line "
    guard text.hasPrefix(mark), let colon = text.firstRange(of: ": "),
      let line = Int(text[text.index(text.startIndex, offsetBy: mark.count)..<colon.lowerBound]),
      line > 0
    else { return (nil, text) }
    return (line, String(text[colon.upperBound...]))
  }

  /// What a server says is shown on a terminal: no control character gets there.
  private static func printable(_ text: String) -> String {
    var shown = ""
    for scalar in text.unicodeScalars.prefix(detailScalarsMax) {
      switch scalar.properties.generalCategory {
      case .control, .format, .lineSeparator, .paragraphSeparator:
        shown += scalar.escaped(asASCII: true)
      default: shown.unicodeScalars.append(scalar)
      }
    }
    return shown
  }
}
