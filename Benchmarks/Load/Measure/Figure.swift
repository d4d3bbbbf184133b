/// What a trial measures.
enum Figure: String, CaseIterable, Sendable {
  case deliveriesPerSecond = "deliveries_per_second"
  case connectsPerSecond = "connects_per_second"
  case publishesPerSecond = "publishes_per_second"
  /// Processor time of the server for a delivery, a connect or a publish, in microseconds.
  case serverEach = "server_cpu_us_each"
  case latencyP50 = "latency_p50_us"
  case latencyP99 = "latency_p99_us"
  case latencyP999 = "latency_p999_us"
  case bytesPerConnection = "bytes_per_connection"
  case eventsPerRead = "events_per_read"
  /// Of one core; below 100 % the load side or the machine was the limit.
  case serverShare = "server_cpu_percent"
  /// Near 100 % the load side was the limit.
  case loadShare = "load_cpu_percent"

  /// `value` to about three places.
  static func text(_ value: Double) -> String {
    guard value.isFinite else { return "-" }
    let digits = abs(value) >= 100 ? 0 : abs(value) >= 10 ? 1 : abs(value) >= 1 ? 2 : 3
    let scale = (0..<digits).reduce(1) { scale, _ in scale * 10 }
    let scaled = Int((value * Double(scale)).rounded())
    guard digits > 0 else { return "\(scaled)" }
    let rest = "\(abs(scaled) % scale)"
    let sign = scaled < 0 ? "-" : ""
    let zeros = String(repeating: "0", count: digits - rest.count)
    return "\(sign)\(abs(scaled) / scale).\(zeros)\(rest)"
  }
}
