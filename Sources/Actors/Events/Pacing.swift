import DequeModule
import FanfareRuntime

/// What of one channel's events is on its way: given to the backplane and not fed yet, or fed to a
/// loop and not yet offered to all its followers. At most a quarter of a mailbox is, so that a
/// batch never overruns those who keep up.
struct Pacing {
  /// What is on its way to one loop.
  struct Window {
    let loop: Int
    /// Whether the loop knows where the log stands, and is fed from there on.
    var isTold = false
    var fed: UInt64 = 0
    var flushed: UInt64 = 0
    var bytes = 0
  }

  /// Some events of one publish, on their way through the backplane.
  struct Slice: Equatable {
    let range: Range<Int>
    let bytes: Int
  }

  /// What is known of a slice that the backplane has stored and not fed yet.
  private struct Unfed {
    let last: UInt64
    let slice: Slice
    let since: MonotonicInstant
  }

  private let eventsMax: Int
  private let bytesMax: Int
  private(set) var windows: [Window] = []
  private var givenEvents = 0
  private var givenBytes = 0
  private var unfed = Deque<Unfed>()

  init(_ limits: Limits) {
    eventsMax = max(1, limits.mailboxEventsMax / 4)
    bytesMax = limits.mailboxBytesMax / 4
  }

  // MARK: Slices

  /// Cuts a publish into what goes to the backplane at once. What is cut depends on the drafts
  /// alone: the same publish, tried again on another node, has the same slices.
  func slices(of drafts: [Draft], in channel: ChannelName) -> [Slice] {
    var slices: [Slice] = []
    var start = 0
    var bytes = 0
    for (index, draft) in drafts.enumerated() {
      let size = Event.frameBytesMax(draft.type, draft.data, channel)
      if index > start, index - start == eventsMax || bytes + size > bytesMax {
        slices.append(Slice(range: start..<index, bytes: bytes))
        start = index
        bytes = 0
      }
      bytes += size
    }
    if start < drafts.count { slices.append(Slice(range: start..<drafts.count, bytes: bytes)) }
    return slices
  }

  /// Whether every loop has room for `slice`. One always goes where nothing is on its way, however
  /// large it is.
  func hasRoom(for slice: Slice) -> Bool {
    windows.allSatisfy { window in
      let events = Int(window.fed - window.flushed) + givenEvents
      return events == 0
        || events + slice.range.count <= eventsMax
          && window.bytes + givenBytes + slice.bytes <= bytesMax
    }
  }

  // MARK: Through the backplane

  /// `slice` is given to the backplane.
  mutating func give(_ slice: Slice) {
    givenEvents += slice.range.count
    givenBytes += slice.bytes
  }

  /// The backplane has answered for `slice`, which it was given at `since`.
  ///
  /// - Parameter last: the offset up to which it has to be fed still; `nil` where it was not
  ///   stored, has been fed, or is fed to nobody.
  mutating func answered(_ slice: Slice, awaiting last: UInt64?, since: MonotonicInstant) {
    if let last {
      unfed.append(Unfed(last: last, slice: slice, since: since))
    } else {
      release(slice)
    }
  }

  private mutating func release(_ slice: Slice) {
    givenEvents -= slice.range.count
    givenBytes -= slice.bytes
  }

  /// Events up to `offset` have come through the feed.
  ///
  /// - Parameter arrived: called for each slice that came with them, with the time it was given.
  mutating func fed(
    through offset: UInt64, bytes: Int, arrived: (MonotonicInstant) -> Void
  ) {
    while let first = unfed.first, first.last <= offset {
      unfed.removeFirst()
      release(first.slice)
      arrived(first.since)
    }
    for index in windows.indices where windows[index].isTold {
      windows[index].fed = offset
      windows[index].bytes += bytes
    }
  }

  /// The log began anew at `head`, or is followed no more: nothing is on its way.
  mutating func restart(at head: UInt64) {
    for slice in unfed { release(slice.slice) }
    unfed = []
    for index in windows.indices where windows[index].isTold {
      windows[index].fed = head
      windows[index].flushed = head
      windows[index].bytes = 0
    }
  }

  // MARK: Loops

  mutating func attach(loop: Int) {
    detach(loop: loop)
    windows.append(Window(loop: loop))
  }

  mutating func detach(loop: Int) {
    windows.removeAll { $0.loop == loop }
  }

  mutating func detachAll() {
    windows = []
  }

  /// Every loop that was not told yet is fed from `head` on. Returns these loops.
  mutating func tell(head: UInt64) -> [Int] {
    var loops: [Int] = []
    for index in windows.indices where !windows[index].isTold {
      windows[index].isTold = true
      windows[index].fed = head
      windows[index].flushed = head
      loops.append(windows[index].loop)
    }
    return loops
  }

  /// All followers on `loop` have been offered the events up to `offset`.
  mutating func flushed(loop: Int, through offset: UInt64) {
    guard let index = windows.firstIndex(where: { $0.loop == loop }) else { return }
    // A loop that left and came back may still acknowledge what it was fed before.
    windows[index].flushed = max(windows[index].flushed, min(offset, windows[index].fed))
    if windows[index].flushed == windows[index].fed { windows[index].bytes = 0 }
  }
}
