/// Checks the positions that one connection is given: each offset exactly once, in order, unless a
/// gap was told.
struct SequenceAudit {
  /// Events past a hole that nobody told of.
  private(set) var lost: UInt64 = 0
  /// Events that came twice in a row.
  private(set) var duplicated: UInt64 = 0
  /// Events that came after a later one.
  private(set) var reordered: UInt64 = 0
  /// Events that the server told missing.
  private(set) var toldMissing: UInt64 = 0
  /// Resets, and positions of another epoch than the first.
  private(set) var resets: UInt64 = 0
  /// The newest offset that the connection stands at.
  private(set) var last: UInt64 = 0
  private var epoch: UInt64?

  init() {}

  var isFaultless: Bool { lost == 0 && duplicated == 0 && reordered == 0 && resets == 0 }

  /// Whether the connection has been told where it begins.
  var isAttached: Bool { epoch != nil }

  mutating func event(_ position: StreamPosition) {
    check(position)
    if position.offset > last {
      lost += position.offset - last - 1
      last = position.offset
    } else if position.offset == last {
      duplicated += 1
    } else {
      reordered += 1
    }
  }

  /// A block of only a cursor. The first one says where the connection begins; a later one must not
  /// move it, because nothing here is filtered.
  mutating func cursor(_ position: StreamPosition) {
    guard isAttached else {
      epoch = position.epoch
      last = position.offset
      return
    }
    check(position)
    end(expecting: position.offset)
  }

  mutating func gap(from first: UInt64, to end: UInt64) {
    guard first == last + 1, end >= first else {
      lost += 1
      return
    }
    toldMissing += end + 1 - first
    last = end
  }

  mutating func reset() { resets += 1 }

  /// The connection or its time is over: what it has not been given up to `head` is lost.
  mutating func end(expecting head: UInt64) {
    guard head > last else { return }
    lost += head - last
    last = head
  }

  private mutating func check(_ position: StreamPosition) {
    if epoch == nil { epoch = position.epoch }
    if epoch != position.epoch { resets += 1 }
  }

  /// Adds what another connection was given. Positions are not added.
  mutating func add(_ other: SequenceAudit) {
    lost += other.lost
    duplicated += other.duplicated
    reordered += other.reordered
    toldMissing += other.toldMissing
    resets += other.resets
  }
}
