import FanfareActors
import FanfareBackplane
import Testing

/// What a channel's log must be, kept as plainly as can be. Time is known only as a span: the
/// functions looked at their clock somewhere between two looks of the test.
struct LogBook {
  struct Entry {
    var offset: UInt64
    var draft: Draft
    var time: Int64
  }

  let history: Int
  let bytes: Int
  let ttl: Int64
  /// Without it nothing is retained.
  let isKept: Bool
  /// `nil` before the first look, and after the head was deleted.
  private(set) var epoch: Epoch?
  private(set) var head: UInt64 = 0
  private(set) var time: Int64 = 0
  private(set) var entries: [Entry] = []
  /// What lies before it has been deleted, or stands before something deleted.
  private var floor: UInt64 = 1
  /// Epochs that may not come back.
  private var formerEpochs: Set<Epoch> = []

  init(history: Int, bytes: Int, ttl: Int64, isKept: Bool) {
    self.history = history
    self.bytes = bytes
    self.ttl = ttl
    self.isKept = isKept
  }

  mutating func published(
    _ drafts: [Draft], _ published: Published, within span: ClosedRange<Int64>
  ) {
    #expect(published.positions.map(\.offset) == drafts.indices.map { head + 1 + UInt64($0) })
    for position in published.positions { learn(position.epoch) }
    #expect(published.timeMilliseconds >= time, "time ran backwards")
    #expect(
      published.timeMilliseconds == time || span.contains(published.timeMilliseconds),
      "\(published.timeMilliseconds) in \(span)")
    time = published.timeMilliseconds
    for draft in drafts {
      head += 1
      entries.append(Entry(offset: head, draft: draft, time: time))
    }
    if entries.count > history { entries.removeFirst(entries.count - history) }
    var total = entries.reduce(0) { $0 + Self.size($1) }
    while entries.count > 1, total > bytes { total -= Self.size(entries.removeFirst()) }
  }

  private static func size(_ entry: Entry) -> Int {
    entry.draft.data.count + Event.overheadBytes
  }

  mutating func learn(_ now: Epoch) {
    if let epoch { #expect(epoch == now) } else { #expect(!formerEpochs.contains(now)) }
    epoch = now
  }

  /// Checks what the log said of itself.
  mutating func check(_ state: LogState, within span: ClosedRange<Int64>) {
    learn(state.epoch)
    #expect(state.head == head)
    let range = oldest(at: span.lowerBound)...oldest(at: span.upperBound)
    #expect(range.contains(state.oldest), "\(state.oldest) in \(range), head \(head)")
  }

  mutating func check(
    _ page: HistoryPage, from offset: UInt64, eventsMax: Int, bytesMax: Int,
    within span: ClosedRange<Int64>
  ) {
    check(page.state, within: span)
    var wanted: [Entry] = []
    var bytes = 0
    for entry in entries where entry.offset >= max(offset, page.state.oldest) {
      bytes += entry.draft.data.count + Event.overheadBytes
      guard wanted.count < eventsMax, wanted.isEmpty || bytes <= bytesMax else { break }
      wanted.append(entry)
    }
    #expect(page.events.map(\.position.offset) == wanted.map(\.offset))
    #expect(page.events.map(\.data) == wanted.map(\.draft.data))
    #expect(page.events.map(\.type) == wanted.map(\.draft.type))
    #expect(page.events.map(\.timeMilliseconds) == wanted.map(\.time))
  }

  private func oldest(at now: Int64) -> UInt64 {
    let alive = entries.first { $0.offset >= floor && max(now, time) - $0.time < ttl }
    return isKept ? alive?.offset ?? head + 1 : head + 1
  }

  // MARK: What others do

  /// Somebody deleted an entry.
  mutating func deleted(_ offset: UInt64) { floor = max(floor, offset + 1) }

  /// Somebody deleted the stream, or Redis evicted it.
  mutating func lostStream() { floor = head + 1 }

  /// Somebody deleted the head: another life begins.
  mutating func lostHead() {
    if let epoch { formerEpochs.insert(epoch) }
    let formerEpochs = self.formerEpochs
    self = LogBook(history: history, bytes: bytes, ttl: ttl, isKept: isKept)
    self.formerEpochs = formerEpochs
  }

  /// The generation was raised: the epoch is another, the log goes on.
  mutating func raised() {
    if let epoch { formerEpochs.insert(epoch) }
    epoch = nil
  }
}
