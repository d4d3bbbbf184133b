import FanfareActors

/// Writes metrics in the Prometheus text format, version 0.0.4.
struct PrometheusText {
  static let contentType = "text/plain; version=0.0.4; charset=utf-8"

  enum Kind: String {
    case counter
    case gauge
    case histogram
  }

  private(set) var text = ""

  /// Begins a metric; its samples follow.
  mutating func begin(_ name: String, _ kind: Kind, _ help: String) {
    text += "# HELP \(name) \(help)\n# TYPE \(name) \(kind.rawValue)\n"
  }

  mutating func sample(_ name: String, labels: [(String, String)] = [], _ value: UInt64) {
    text += "\(name)\(Self.braced(labels)) \(value)\n"
  }

  mutating func sample(_ name: String, labels: [(String, String)] = [], _ value: Double) {
    text += "\(name)\(Self.braced(labels)) \(value)\n"
  }

  /// One metric with one sample.
  mutating func single(_ name: String, _ kind: Kind, _ help: String, _ value: UInt64) {
    begin(name, kind, help)
    sample(name, value)
  }

  mutating func histogram(_ name: String, _ help: String, _ histogram: Histogram) {
    begin(name, .histogram, help)
    samples(name, [], histogram)
  }

  /// One histogram for each value of a label.
  mutating func histograms(
    _ name: String, _ help: String, label: String, _ histograms: [(String, Histogram)]
  ) {
    begin(name, .histogram, help)
    for (value, histogram) in histograms { samples(name, [(label, value)], histogram) }
  }

  private mutating func samples(
    _ name: String, _ labels: [(String, String)], _ histogram: Histogram
  ) {
    var sum: UInt64 = 0
    for (bound, count) in zip(histogram.bounds, histogram.counts) {
      sum += count
      sample("\(name)_bucket", labels: labels + [("le", "\(bound)")], sum)
    }
    sum += histogram.counts.last ?? 0
    sample("\(name)_bucket", labels: labels + [("le", "+Inf")], sum)
    sample("\(name)_sum", labels: labels, histogram.sum)
    sample("\(name)_count", labels: labels, sum)
  }

  private static func braced(_ labels: [(String, String)]) -> String {
    guard !labels.isEmpty else { return "" }
    let pairs = labels.map { name, value in "\(name)=\"\(escaped(value))\"" }
    return "{\(pairs.joined(separator: ","))}"
  }

  private static func escaped(_ value: String) -> String {
    var escaped = ""
    for character in value {
      switch character {
      case "\\": escaped += "\\\\"
      case "\"": escaped += "\\\""
      case "\n": escaped += "\\n"
      default: escaped.append(character)
      }
    }
    return escaped
  }
}
