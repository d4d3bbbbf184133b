import DequeModule
import FanfareRuntime

/// What makes two publishes the same: who publishes, and the name they gave the publish. The
/// channel is the third part; each channel remembers its own keys.
public struct IdempotencyKey: Sendable, Hashable {
  /// Who publishes; empty without authentication.
  public let subject: String
  /// The publisher's name for this publish.
  public let key: String

  /// The key `key` of `subject`.
  public init(subject: String, key: String) {
    self.subject = subject
    self.key = key
  }
}

/// Positions as runs of offsets: a publish's events mostly stand side by side, and a key that is
/// kept for minutes should not cost the more the larger its batch was.
private struct StoredRuns {
  private let epoch: Epoch?
  private var runs: [ClosedRange<UInt64>] = []

  init(_ positions: [Position]) {
    epoch = positions.first?.epoch
    for position in positions {
      if let last = runs.last, position.offset == last.upperBound + 1 {
        runs[runs.count - 1] = last.lowerBound...position.offset
      } else {
        runs.append(position.offset...position.offset)
      }
    }
  }

  var positions: [Position] {
    guard let epoch else { return [] }
    return runs.flatMap { run in run.map { Position(offset: $0, epoch: epoch) } }
  }
}

/// The publishes of one channel that are remembered by their keys. Confined to the channel.
struct IdempotencyKeys {
  enum Answer {
    /// Not seen before; it is in flight from now on.
    case new
    /// Published before, at these positions.
    case published([Position])
    /// In flight; ask again when it is over.
    case inFlight
    /// Seen before with another body.
    case mismatch
  }

  private struct Record {
    var fingerprint: UInt64
    var stored: StoredRuns?
  }

  private var records: [IdempotencyKey: Record] = [:]
  /// In the order in which their time will be over: every key lives equally long.
  private var expiries = Deque<(deadline: MonotonicInstant, key: IdempotencyKey)>()

  var count: Int { records.count }

  mutating func begin(_ key: IdempotencyKey, fingerprint: UInt64) -> Answer {
    if let record = records[key] {
      guard record.fingerprint == fingerprint else { return .mismatch }
      return record.stored.map { .published($0.positions) } ?? .inFlight
    }
    records[key] = Record(fingerprint: fingerprint, stored: nil)
    return .new
  }

  mutating func finish(
    _ key: IdempotencyKey, positions: [Position], deadline: MonotonicInstant
  ) {
    records[key]?.stored = StoredRuns(positions)
    expiries.append((deadline, key))
  }

  /// Nothing was published under `key`: the next one with it is new.
  mutating func forget(_ key: IdempotencyKey) {
    records[key] = nil
  }

  /// Forgets what is older than its time. Returns how many.
  mutating func expire(at now: MonotonicInstant) -> Int {
    var expired = 0
    while let first = expiries.first, first.deadline <= now {
      expiries.removeFirst()
      if records.removeValue(forKey: first.key) != nil { expired += 1 }
    }
    return expired
  }

  static func fingerprint(_ drafts: [Draft]) -> UInt64 {
    var hash = StableHash()
    for draft in drafts {
      hash.combine(draft.type.text.utf8)
      hash.combine(0)
      hash.combine(draft.data)
      hash.combine(0)
    }
    return hash.value
  }
}
