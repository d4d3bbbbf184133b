import DequeModule
import FanfareActors

/// What the feed of one channel brought while it was not known what comes before it. Bounded: past
/// the bound it only remembers that there was more.
struct KeptEvents {
  /// The bounds of one channel whose log can be read instead. Where there is none, what is let go
  /// of is lost, and only the node's own bound holds.
  static let eventsMax = 256
  static let bytesMax = 1024 * 1024

  private struct Batch {
    var events: [Event]
    /// Whether it arrived after the question whose answer is awaited: its epoch may be newer than
    /// the answer's.
    var isLate = true
  }

  /// Whether a log has what is let go of.
  private let isRefillable: Bool
  private var batches = Deque<Batch>()
  private(set) var count = 0
  private(set) var bytes = 0
  /// Whether something newer was let go of.
  private(set) var isOverrun = false

  init(isRefillable: Bool) {
    self.isRefillable = isRefillable
  }

  /// The offset of the first event kept.
  var firstOffset: UInt64? { batches.first?.events.first?.position.offset }

  /// - Parameter hasRoom: whether the node has room for more, whatever this channel keeps.
  mutating func keep(_ events: [Event], hasRoom: Bool) {
    let size = events.reduce(0) { $0 + $1.retainedBytes }
    let fits =
      !isRefillable || count + events.count <= Self.eventsMax && bytes + size <= Self.bytesMax
    // Once something was let go of, what comes after it can only be reached through the log.
    guard !isOverrun, hasRoom, fits else {
      isOverrun = true
      return
    }
    batches.append(Batch(events: events))
    count += events.count
    bytes += size
  }

  /// A question is asked: what is kept came before it, and what was let go of is behind its answer.
  mutating func asked() {
    for index in batches.indices { batches[index].isLate = false }
    isOverrun = false
  }

  /// Drops all that does not belong to `epoch`. Returns whether some of it came after the question
  /// was asked, so that the log may be in a newer life than the answer says.
  mutating func drop(othersThan epoch: Epoch) -> Bool {
    var isRenewed = false
    var rest = Deque<Batch>()
    for batch in batches {
      if batch.events.first?.position.epoch == epoch {
        rest.append(batch)
      } else {
        isRenewed = isRenewed || batch.isLate
        forget(batch.events)
      }
    }
    batches = rest
    return isRenewed
  }

  /// The next batch.
  mutating func next() -> [Event]? {
    guard let batch = batches.popFirst() else { return nil }
    forget(batch.events)
    return batch.events
  }

  /// Puts back what ``next()`` took.
  mutating func putBack(_ events: [Event]) {
    batches.prepend(Batch(events: events))
    count += events.count
    bytes += events.reduce(0) { $0 + $1.retainedBytes }
  }

  mutating func removeAll() { self = KeptEvents(isRefillable: isRefillable) }

  private mutating func forget(_ events: [Event]) {
    count -= events.count
    bytes -= events.reduce(0) { $0 + $1.retainedBytes }
  }
}
