import DequeModule
import FanfareActors
import FanfareRuntime

/// The log of one channel in this process's memory. Confined to the channel's home loop.
///
/// Events leave by number, bytes, age, or because the node's memory is needed elsewhere; head and
/// epoch stay, so that what left can be counted.
struct LocalLog {
  let epoch: Epoch
  let settings: NamespaceSettings
  private(set) var head: UInt64 = 0
  private(set) var events = Deque<Event>()
  private(set) var bytes = 0
  private var lastTimeMilliseconds: Int64 = 0
  /// When an event was last appended or the log last asked for.
  var usedAt: MonotonicInstant
  /// Its neighbours in the order of use; -1 at the ends.
  /// Whether somebody on this node follows it: its head and epoch must stay then, because the feed
  /// goes on from them.
  var isFollowed = false
  /// Which list of ``LocalLogs`` it stands in.
  var list = 0
  var moreRecent = -1
  var lessRecent = -1

  init(epoch: Epoch, settings: NamespaceSettings, now: MonotonicInstant) {
    self.epoch = epoch
    self.settings = settings
    usedAt = now
  }

  var state: LogState {
    LogState(epoch: epoch, head: head, oldest: head + 1 - UInt64(events.count))
  }

  /// Sequences `draft`. Time never runs backwards within a channel, whatever the wall clock does.
  mutating func append(
    _ draft: Draft, to channel: ChannelName, wall: Int64, now: MonotonicInstant
  ) -> Event {
    head += 1
    lastTimeMilliseconds = max(lastTimeMilliseconds, wall)
    let event = Event(
      channel: channel, position: Position(offset: head, epoch: epoch), type: draft.type,
      data: draft.data, timeMilliseconds: lastTimeMilliseconds, acceptedAt: now)
    events.append(event)
    bytes += event.retainedBytes
    return event
  }

  /// Drops what is past the bounds of this log.
  mutating func trim(bytesMax: Int, now: MonotonicInstant) {
    while let first = events.first,
      events.count > settings.historyEventsMax || bytes > bytesMax && events.count > 1
        || now - first.acceptedAt >= settings.ttl
    {
      dropFirst()
    }
  }

  mutating func dropAll() {
    while !events.isEmpty { dropFirst() }
  }

  private mutating func dropFirst() {
    bytes -= events.removeFirst().retainedBytes
  }

  func read(from offset: UInt64, eventsMax: Int, bytesMax: Int) -> HistoryPage {
    let state = state
    let first = max(offset, state.oldest)
    var page: [Event] = []
    guard first <= head else { return HistoryPage(state: state, events: page) }
    var bytes = 0
    for index in Int(first - state.oldest)..<events.count {
      guard page.count < eventsMax else { break }
      bytes += events[index].retainedBytes
      guard page.isEmpty || bytes <= bytesMax else { break }
      page.append(events[index])
    }
    return HistoryPage(state: state, events: page)
  }
}
