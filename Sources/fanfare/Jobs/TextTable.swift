/// Rows in columns, for people.
struct TextTable {
  /// Longer cells end in `…`.
  private static let cellCharactersMax = 100

  private var rows: [[String]]

  init(_ headings: [String]) { rows = [headings] }

  mutating func append(_ cells: [String]) {
    rows.append(cells.map(Self.shown))
  }

  var isEmpty: Bool { rows.count == 1 }

  /// The rows, each with its line end; without blanks at their ends.
  var text: String {
    let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      var line = zip(row, widths).map { cell, width in
        cell + String(repeating: " ", count: width - cell.count)
      }.joined(separator: "  ")
      while line.last == " " { line.removeLast() }
      return line + "\n"
    }.joined()
  }

  /// What others wrote, in one line that does nothing to a terminal.
  static func shown(_ text: String) -> String {
    let plain = String(
      text.unicodeScalars.prefix(4 * cellCharactersMax).map { scalar -> Character in
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: " "
        default: Character(scalar)
        }
      })
    guard plain.count > cellCharactersMax else { return plain }
    return plain.prefix(cellCharactersMax - 1) + "…"
  }
}
