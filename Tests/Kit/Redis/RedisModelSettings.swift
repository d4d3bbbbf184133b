/// The settings of a namespace, as the hub holds them.
struct RedisModelSettings {
  var history = 1_000
  /// Milliseconds, like the other.
  var ttl: Int64 = 3_600_000
  var metaTTL: Int64 = 604_800_000
  var firehoseMax = 0
  var bytes: Int64 = 16 * 1024 * 1024

  init() {}

  init?(_ text: String) {
    let numbers = text.split(separator: " ", omittingEmptySubsequences: false).map { Int64($0) }
    guard text.utf8.count <= 80, numbers.count == 5, !text.contains("-"), !text.contains("+"),
      let history = numbers[0], let ttl = numbers[1], let metaTTL = numbers[2],
      let firehoseMax = numbers[3], let bytes = numbers[4]
    else { return nil }
    self.history = Int(history)
    self.ttl = ttl
    self.metaTTL = max(1, metaTTL)
    self.firehoseMax = Int(firehoseMax)
    self.bytes = bytes
  }
}
