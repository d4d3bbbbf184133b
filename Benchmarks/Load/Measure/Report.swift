import ArgumentParser
import FanfareRuntime

/// What a scenario has found: a table for people, one line of JSON for programs.
struct Report {
  private var rows: [(name: String, value: String, isText: Bool, unit: String)] = []
  private(set) var faults: [String] = []
  private let title: String

  init(_ title: String) {
    self.title = title
  }

  mutating func add(_ name: String, _ value: some BinaryInteger, _ unit: String = "") {
    rows.append((name, "\(value)", false, unit))
  }

  /// With one digit behind the point.
  mutating func add(_ name: String, _ value: Double, _ unit: String = "") {
    let tenths = Int((value.isFinite ? value * 10 : 0).rounded())
    rows.append((name, "\(tenths / 10).\(abs(tenths % 10))", false, unit))
  }

  /// A ratio, with two digits behind the point.
  mutating func addHundredths(_ name: String, _ ratio: Double) {
    let hundredths = Int((ratio.isFinite ? max(0, ratio) * 100 : 0).rounded())
    let digits = String(hundredths % 100)
    let zero = digits.count < 2 ? "0" : ""
    rows.append((name, "\(hundredths / 100).\(zero)\(digits)", false, ""))
  }

  mutating func add(_ name: String, _ text: String) {
    rows.append((name, text, true, ""))
  }

  mutating func add(_ audit: SequenceAudit) {
    add("lost", audit.lost, "events")
    add("duplicated", audit.duplicated, "events")
    add("reordered", audit.reordered, "events")
    add("told_missing", audit.toldMissing, "events")
    require(audit.isFaultless, "events were lost, doubled or out of order")
  }

  mutating func add(_ figures: Figures) {
    for figure in Figure.allCases {
      if let value = figures[figure] {
        rows.append((figure.rawValue, Figure.text(value), false, ""))
      }
    }
    add(figures.audit)
    add("refused", figures.refused, "events")
    for fault in figures.faults { require(false, fault) }
  }

  /// What a load side has found in the end.
  mutating func add(_ end: (audit: SequenceAudit, refused: UInt64, faults: [String])) {
    add(end.audit)
    add("refused", end.refused, "events")
    for fault in end.faults { require(false, fault) }
  }

  /// The scenario fails unless `condition` holds.
  mutating func require(_ condition: Bool, _ fault: String) {
    if !condition, !faults.contains(fault) { faults.append(fault) }
  }

  /// Writes the report; the process fails if the scenario did.
  func finish() throws {
    write()
    if !faults.isEmpty { throw ExitCode(1) }
  }

  private func write() {
    let width = rows.map(\.name.count).max() ?? 0
    var text = "\n\(title)\n"
    for row in rows {
      let gap = String(repeating: " ", count: width - row.name.count)
      text += "  \(row.name)\(gap)  \(row.value)\(row.unit.isEmpty ? "" : " \(row.unit)")\n"
    }
    for fault in faults { text += "  FAILED: \(fault)\n" }
    let members = rows.map { row in
      "\"\(row.name)\":" + (row.isText ? Self.quoted(row.value) : row.value)
    }
    let name = Self.quoted(title)
    text += "{\"scenario\":\(name),\(members.joined(separator: ",")),\"ok\":\(faults.isEmpty)}\n"
    StandardError.writeOutput(Array(text.utf8))
  }

  private static func quoted(_ text: String) -> String {
    var quoted = "\""
    for character in text {
      if character == "\"" || character == "\\" { quoted.append("\\") }
      quoted.append(character)
    }
    return quoted + "\""
  }
}
