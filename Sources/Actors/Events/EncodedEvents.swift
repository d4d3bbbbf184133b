import DequeModule

/// A run of consecutive events of one channel in one wire format, back to back in memory, so that a
/// follower's whole backlog is one slice and one send.
///
/// The newest part of a channel on a loop is such a run with a bound (a mailbox's ring); a page of
/// history is one without. Byte places count from the run's first event ever, so they stay valid
/// when old events leave.
struct EncodedEvents {
  struct Entry {
    /// The place after the last byte of the frame.
    var end: Int
    /// How many bytes at the frame's beginning are its cursor.
    var cursorBytes: Int
    var type: EventType
  }

  let format: any WireFormat
  /// That of ``format``.
  let identity: Int16
  private(set) var bytes: [UInt8] = []
  /// The place of `bytes[0]`.
  private var base = 0
  /// The place where the first event retained begins.
  private var start = 0
  private var entries = Deque<Entry>()
  /// The offset of the first event retained, or of the next one while there is none.
  private(set) var firstOffset: UInt64

  init(format: any WireFormat, firstOffset: UInt64) {
    self.format = format
    identity = Int16(format.identity)
    self.firstOffset = firstOffset
  }

  var count: Int { entries.count }

  /// The offset after the last event.
  var nextOffset: UInt64 { firstOffset + UInt64(entries.count) }

  var retainedBytes: Int { base + bytes.count - start }

  func contains(_ offset: UInt64) -> Bool { offset >= firstOffset && offset < nextOffset }

  mutating func append(_ event: Event) {
    let cursorBytes = format.appendEvent(event, to: &bytes)
    entries.append(
      Entry(end: base + bytes.count, cursorBytes: cursorBytes, type: event.type))
  }

  /// Drops the events before `offset`.
  mutating func trim(to offset: UInt64) {
    while firstOffset < offset, !entries.isEmpty {
      start = entries.removeFirst().end
      firstOffset += 1
    }
    let dead = start - base
    // Each byte is moved at most once for every byte that has left: linear over a run's life.
    if dead > bytes.count / 2, dead > 4096 {
      bytes.removeFirst(dead)
      base = start
    }
  }

  /// The index in `bytes` where the frame of `offset` begins; the end for ``nextOffset``.
  func index(of offset: UInt64) -> Int {
    let place = Int(offset - firstOffset)
    return (place == 0 ? start : entries[place - 1].end) - base
  }

  func entry(at offset: UInt64) -> Entry { entries[Int(offset - firstOffset)] }

  /// The offset of the event whose frame holds the byte at `index`.
  func offset(ofByteAt index: Int) -> UInt64 {
    let place = index + base
    var low = 0
    var high = entries.count
    while low < high {
      let middle = (low + high) / 2
      if entries[middle].end <= place { low = middle + 1 } else { high = middle }
    }
    return firstOffset + UInt64(low)
  }
}
