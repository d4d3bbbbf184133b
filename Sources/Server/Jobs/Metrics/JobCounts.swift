import FanfareActors
import FanfareRuntime

/// How often things have happened to jobs since the start, and how long they took.
struct JobCounts: Sendable {
  /// 5 ms to 6 hours: from a job that an idle worker gets to one that waits for its budget.
  private static let secondBounds: [Double] = [
    0.005, 0.01, 0.025, 0.1, 0.5, 1, 5, 15, 60, 300, 1_800, 7_200, 21_600,
  ]
  /// The label of rate keys that the configuration does not have: clients may name any number.
  private static let otherKey = "other"

  private let rateKeys: Set<RateKey>
  private(set) var waits: [QueueName: Histogram] = [:]
  private(set) var runs: [QueueName: Histogram] = [:]
  private(set) var budgetWaits: [String: Histogram] = [:]
  private(set) var retries: [JobTransition.Cause: UInt64] = [:]
  private(set) var ended: [String: UInt64] = [:]
  private(set) var lostLeases: UInt64 = 0
  private(set) var fencedWrites: UInt64 = 0

  init(rateKeys: Set<RateKey>) {
    self.rateKeys = rateKeys
  }

  mutating func count(_ news: JobNews) {
    fencedWrites += UInt64(clamping: news.fencedWrites)
    for transition in news.transitions { count(transition) }
  }

  private mutating func count(_ transition: JobTransition) {
    let seconds = transition.lasted.inSeconds
    switch (transition.from, transition.to) {
    case (.queued, .running):
      observe(seconds, transition.queue, in: \.waits)
      if let key = transition.rateKey {
        let label = rateKeys.contains(key) ? key.text : Self.otherKey
        budgetWaits[label, default: Histogram(bounds: Self.secondBounds)].observe(seconds)
      }
    case (.running, _): observe(seconds, transition.queue, in: \.runs)
    default: break
    }
    if transition.cause == .crashed { lostLeases += 1 }
    switch transition.to {
    case .retrying: retries[transition.cause, default: 0] += 1
    case .queued where transition.cause == .retried: retries[.retried, default: 0] += 1
    case .succeeded, .dead, .cancelled:
      if let to = transition.to { ended[to.word, default: 0] += 1 }
    case .scheduled, .waiting, .queued, .running, nil: break
    }
  }

  private mutating func observe(
    _ seconds: Double, _ queue: QueueName,
    in histograms: WritableKeyPath<Self, [QueueName: Histogram]>
  ) {
    self[keyPath: histograms][queue, default: Histogram(bounds: Self.secondBounds)]
      .observe(seconds)
  }
}
