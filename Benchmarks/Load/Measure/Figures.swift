/// What one trial has found.
struct Figures: Sendable {
  private var values: [Figure: Double] = [:]
  var audit = SequenceAudit()
  var refused: UInt64 = 0
  var faults: [String] = []

  init() {}

  subscript(figure: Figure) -> Double? {
    get { values[figure] }
    set { values[figure] = newValue }
  }

  /// The median of each figure; faults and losses are summed.
  init(mediansOf trials: [Figures]) {
    for figure in Figure.allCases {
      values[figure] = Self.median(trials.compactMap { $0[figure] })
    }
    for trial in trials {
      audit.add(trial.audit)
      refused += trial.refused
      faults += trial.faults
    }
  }

  /// `nil` of nothing.
  static func median(_ values: [Double]) -> Double? {
    guard !values.isEmpty else { return nil }
    let sorted = values.sorted()
    let middle = sorted.count / 2
    return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
  }
}
