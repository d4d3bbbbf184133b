/// An HTTP answer as a test sees it.
package struct HTTPAnswer: Sendable {
  package let status: Int
  package let statusLine: String
  /// The fields in their order, names in lower case.
  package let fields: [(name: String, value: String)]
  package var body: [UInt8] = []

  init(head: String) throws {
    var lines = head.components(of: "\r\n")
    statusLine = lines.removeFirst()
    let parts = statusLine.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
    guard parts.count == 3, parts[0] == "HTTP/1.1", parts[1].utf8.count == 3,
      let status = Int(parts[1])
    else { throw ClientFailure.malformed("status line \(statusLine)") }
    self.status = status
    var fields: [(String, String)] = []
    for line in lines where !line.isEmpty {
      guard let colon = line.firstIndex(of: ":"), colon > line.startIndex,
        line[line.index(after: colon)...].hasPrefix(" ")
      else { throw ClientFailure.malformed("field \(line)") }
      let value = line[line.index(colon, offsetBy: 2)...]
      fields.append((line[..<colon].lowercased(), String(value)))
    }
    self.fields = fields
  }

  /// The value of the field of that lower-case name; `nil` unless it stands there exactly once.
  package subscript(name: String) -> String? {
    let values = fields.filter { $0.name == name }
    return values.count == 1 ? values[0].value : nil
  }

  package var text: String { String(decoding: body, as: UTF8.self) }
}

extension String {
  /// The parts between occurrences of `separator`; compares bytes, so that CRLF is found inside of
  /// grapheme clusters.
  package func components(of separator: String) -> [String] {
    let separator = Array(separator.utf8)
    var parts: [String] = []
    var rest = Array(utf8)[...]
    while let range = rest.firstRange(of: separator) {
      parts.append(String(decoding: rest[..<range.lowerBound], as: UTF8.self))
      rest = rest[range.upperBound...]
    }
    parts.append(String(decoding: rest, as: UTF8.self))
    return parts
  }
}
