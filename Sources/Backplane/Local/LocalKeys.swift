import DequeModule
import FanfareActors
import FanfareRuntime
import Synchronization

/// The keys that all loops of a node remember together.
final class LocalKeyCount: Sendable {
  private let max: Int
  private let count = Atomic<Int>(0)

  init(max: Int) {
    self.max = max
  }

  /// Counts one more, unless that would be too many.
  func take() -> Bool {
    let before = count.wrappingAdd(1, ordering: .relaxed).oldValue
    guard before >= max else { return true }
    count.subtract(1, ordering: .relaxed)
    return false
  }

  func giveBack(_ keys: Int) { count.subtract(keys, ordering: .relaxed) }
}

/// The publishes of one loop's channels that are remembered by their keys. Confined to the loop.
struct LocalKeys {
  private struct Name: Hashable {
    let channel: ChannelName
    let key: [UInt8]
  }

  /// A publish in one step stands in one piece in its log.
  private struct Record {
    let fingerprint: UInt64
    let first: Position
    let count: Int
  }

  private let ttl: Duration
  private let total: LocalKeyCount
  private var records: [Name: Record] = [:]
  /// In the order in which their time will be over: every key lives equally long.
  private var expiries = Deque<(deadline: MonotonicInstant, name: Name)>()

  init(ttl: Duration, total: LocalKeyCount) {
    self.ttl = ttl
    self.total = total
  }

  /// The positions that were given to an earlier publish under `key`; `nil` when there was none.
  func positions(
    _ key: PublishKey, in channel: ChannelName
  ) throws(PublishError) -> [Position]? {
    guard let record = records[Name(channel: channel, key: key.name)] else { return nil }
    guard record.fingerprint == key.fingerprint else { throw .keyMismatch }
    return (0..<UInt64(record.count)).map {
      Position(offset: record.first.offset + $0, epoch: record.first.epoch)
    }
  }

  /// Makes room for one more key, which ``remember(_:in:_:now:)`` then takes.
  func reserve() throws(PublishError) {
    guard total.take() else { throw .tooManyKeys }
  }

  /// Remembers what was published under `key`.
  mutating func remember(
    _ key: PublishKey, in channel: ChannelName, _ positions: [Position], now: MonotonicInstant
  ) {
    guard let first = positions.first else { return total.giveBack(1) }
    let name = Name(channel: channel, key: key.name)
    records[name] = Record(
      fingerprint: key.fingerprint, first: first, count: positions.count)
    expiries.append((now + ttl, name))
  }

  /// Forgets what is older than its time.
  mutating func expire(at now: MonotonicInstant) {
    var expired = 0
    while let first = expiries.first, first.deadline <= now {
      expiries.removeFirst()
      records[first.name] = nil
      expired += 1
    }
    total.giveBack(expired)
  }
}
