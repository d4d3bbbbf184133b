import FanfareRuntime

/// A scenario's trials of the server and of the floor, in pairs.
struct Comparison: Sendable {
  struct Pair: Sendable {
    let server: Figures
    let floor: Figures
  }

  let scenario: Scenario
  let transport: Transport
  /// What the server is called.
  let name: String
  let pairs: [Pair]
  /// What kept a trial from its end.
  let failure: String?

  private var server: Figures { Figures(mediansOf: pairs.map(\.server)) }
  private var floor: Figures { Figures(mediansOf: pairs.map(\.floor)) }

  /// The server's figure by the floor's: the median of the pairs, whose trials shared the machine's
  /// mood.
  func ratio(_ figure: Figure) -> Double? {
    Figures.median(
      pairs.compactMap { pair in
        guard let server = pair.server[figure], let floor = pair.floor[figure], floor > 0
        else { return nil }
        return server / floor
      })
  }

  private var perSecondRatio: Double? {
    ratio(.deliveriesPerSecond) ?? ratio(.connectsPerSecond) ?? ratio(.publishesPerSecond)
  }

  /// What went wrong with the server; the floor promises nothing but is to be measured fairly.
  var faults: [String] {
    var faults = failure.map { [$0] } ?? []
    for fault in server.faults where !faults.contains(fault) { faults.append(fault) }
    for fault in floor.faults where !faults.contains("floor: \(fault)") {
      faults.append("floor: \(fault)")
    }
    return faults
  }

  /// `nil` where the scenario has no target or was not measured.
  var meetsTarget: Bool? {
    switch scenario.target {
    case .rate(let least): perSecondRatio.map { $0 >= least }
    case .publishes(let least): server[.publishesPerSecond].map { $0 >= least }
    case .latency(let most): ratio(.latencyP99).map { $0 <= most }
    case .memory(let most): server[.bytesPerConnection].map { $0 <= most }
    case nil: nil
    }
  }

  private var targetText: String {
    let met = meetsTarget.map { $0 ? "met" : "missed" } ?? ""
    switch scenario.target {
    case .rate(let least): return "rate >= \(Figure.text(least)): \(met)"
    case .publishes(let least): return ">= \(Figure.text(least))/s: \(met)"
    case .latency(let most): return "p99 <= \(Figure.text(most)): \(met)"
    case .memory(let most): return "<= \(Figure.text(most)) B: \(met)"
    case nil: return ""
    }
  }

  // MARK: For people

  private static let widths = [10, 10, 9, 8, 11, 8, 9, 9, 9, 7, 6, 6, 8]

  static let header = row([
    "scenario", "transport", "followers", "", "each/s", "CPU us", "p50 us", "p99 us", "p99.9 us",
    "B/conn", "srv %", "load %", "l/d/r",
  ])

  var rows: String {
    let row = [scenario.name, transport.rawValue, "\(scenario.trial.followers)", name]
    var text = Self.row(row + cells(server))
    text += Self.row(["", "", "", "floor"] + cells(floor))
    let figures: [Figure] = [.latencyP50, .latencyP99, .latencyP999, .bytesPerConnection]
    let ratios = [perSecondRatio, ratio(.serverEach).map { 1 / $0 }]
    let cells = (ratios + figures.map(ratio)).map { $0.map(Figure.text) ?? "" }
    text += Self.row(["", "", "", "ratio"] + cells + ["", "", ""])
    text += "  \(scenario.title)\(targetText.isEmpty ? "" : "; \(targetText)")\n"
    for fault in faults { text += "  FAILED: \(fault)\n" }
    return text
  }

  private func cells(_ figures: Figures) -> [String] {
    let perSecond =
      figures[.deliveriesPerSecond] ?? figures[.connectsPerSecond] ?? figures[.publishesPerSecond]
    let values = [
      perSecond, figures[.serverEach], figures[.latencyP50], figures[.latencyP99],
      figures[.latencyP999], figures[.bytesPerConnection], figures[.serverShare],
      figures[.loadShare],
    ]
    let audit = figures.audit
    return values.map { $0.map(Figure.text) ?? "" }
      + ["\(audit.lost)/\(audit.duplicated)/\(audit.reordered)"]
  }

  private static func row(_ cells: [String]) -> String {
    var line = ""
    for (index, cell) in cells.enumerated() {
      let gap = String(repeating: " ", count: max(0, widths[index] - cell.count))
      line += index < 4 ? cell + gap + " " : gap + cell + " "
    }
    return line + "\n"
  }

  // MARK: For programs

  var json: String {
    let names = #""scenario":"\#(scenario.name)","transport":"\#(transport.rawValue)""#
    let trial = scenario.trial
    let counts =
      #""followers":\#(trial.followers),"channels":\#(trial.channels),"runs":\#(pairs.count)"#
    let ratios = Figure.allCases.compactMap { figure in
      ratio(figure).map { "\"\(figure.rawValue)\":\(Figure.text($0))" }
    }
    var members = [
      names, counts, "\"\(name)\":{\(Self.members(server))}", "\"floor\":{\(Self.members(floor))}",
      "\"ratio\":{\(ratios.joined(separator: ","))}",
    ]
    if let meetsTarget { members.append("\"meets_target\":\(meetsTarget)") }
    members.append("\"ok\":\(faults.isEmpty)")
    return "{\(members.joined(separator: ","))}\n"
  }

  private static func members(_ figures: Figures) -> String {
    var members = Figure.allCases.compactMap { figure in
      figures[figure].map { "\"\(figure.rawValue)\":\(Figure.text($0))" }
    }
    let audit = figures.audit
    members.append("\"lost\":\(audit.lost),\"duplicated\":\(audit.duplicated)")
    members.append("\"reordered\":\(audit.reordered),\"told_missing\":\(audit.toldMissing)")
    return members.joined(separator: ",")
  }
}
