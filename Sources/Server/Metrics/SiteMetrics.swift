import FanfareActors

/// What one loop of the server has counted beside its part of the hub.
struct SiteMetrics: Sendable {
  /// Faults by protocol and reason. Both are words of this program, so their number is bounded.
  struct Errors: Sendable {
    struct Key: Hashable, Comparable {
      let proto: String
      let reason: String

      static func < (left: Key, right: Key) -> Bool {
        (left.proto, left.reason) < (right.proto, right.reason)
      }
    }

    private(set) var counts: [Key: UInt64] = [:]

    subscript(proto: String, reason: String) -> UInt64 {
      get { counts[Key(proto: proto, reason: reason)] ?? 0 }
      set { counts[Key(proto: proto, reason: reason)] = newValue }
    }

    mutating func add(_ other: Errors) {
      counts.merge(other.counts, uniquingKeysWith: +)
    }
  }

  static let connectionSecondBounds: [Double] = [0.1, 1, 10, 60, 600, 3_600, 86_400]

  /// Connections open now, by kind.
  var open = [Int](repeating: 0, count: ConnectionRecord.Kind.allCases.count)
  /// Connections opened, by kind and by whether they resumed.
  var opened = [[UInt64]](
    repeating: [0, 0], count: ConnectionRecord.Kind.allCases.count)
  var seconds = Histogram(bounds: SiteMetrics.connectionSecondBounds)
  var errors = Errors()

  mutating func add(_ other: SiteMetrics) {
    for kind in open.indices {
      open[kind] += other.open[kind]
      opened[kind][0] += other.opened[kind][0]
      opened[kind][1] += other.opened[kind][1]
    }
    seconds.add(other.seconds)
    errors.add(other.errors)
  }
}
