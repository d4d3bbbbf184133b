import DequeModule
import FanfareActors

/// The log of one channel as Redis holds it: the hash with its head, and the stream of its events.
/// Either may expire or be deleted without the other.
struct RedisModelLog {
  struct Meta {
    var seed: String
    var head: UInt64 = 0
    var time: Int64 = 0
    var renewed: Int64 = 0
    /// The bytes of all events of this life.
    var sum: Int64 = 0
    var expires = Int64.max
  }

  struct Entry {
    var offset: UInt64
    var draft: Draft
    var time: Int64
    /// The bytes of all events of this life that came before.
    var sumBefore: Int64
  }

  struct Stream {
    var entries = Deque<Entry>()
    var lastOffset: UInt64 = 0
    var expires = Int64.max
  }

  static let expiredPerPublishMax = 16

  var meta: Meta?
  var stream: Stream?

  mutating func expire(at now: Int64) {
    if let meta, meta.expires <= now { self.meta = nil }
    if let stream, stream.expires <= now { self.stream = nil }
  }

  /// The hash, begun where there is none; whatever stood in the stream was of another life then.
  private mutating func opened(_ newSeed: () -> String) -> Meta {
    if let meta { return meta }
    stream = nil
    return Meta(seed: newSeed())
  }

  private mutating func save(_ meta: Meta, isNew: Bool, now: Int64, metaTTL: Int64) {
    self.meta = meta
    guard isNew || (now - meta.renewed) * 100 >= metaTTL || now < meta.renewed else { return }
    self.meta?.renewed = now
    self.meta?.expires = now + metaTTL
    stream?.expires = now + metaTTL
  }

  // MARK: Publishing

  /// Returns the log's seed, the first offset and the time of the events.
  mutating func append(
    _ drafts: [Draft], isKept: Bool, settings: RedisModelSettings, now: Int64,
    newSeed: () -> String
  ) -> (seed: String, first: UInt64, time: Int64) {
    var isNew = meta == nil
    var meta = opened(newSeed)
    meta.time = max(meta.time, now)
    if isKept, let stream, stream.lastOffset > meta.head {
      self.stream = nil
      meta = Meta(seed: newSeed(), time: now)
      isNew = true
    }
    let first = meta.head + 1
    if isKept {
      if stream == nil { meta.renewed = 0 }
      meta.sum = add(drafts, from: first, meta.time, after: meta.sum, settings)
    }
    meta.head += UInt64(drafts.count)
    save(meta, isNew: isNew, now: now, metaTTL: settings.metaTTL)
    return (meta.seed, first, meta.time)
  }

  /// Returns the bytes of all events of this life.
  private mutating func add(
    _ drafts: [Draft], from first: UInt64, _ time: Int64, after before: Int64,
    _ settings: RedisModelSettings
  ) -> Int64 {
    var sum = before
    var stream = self.stream ?? Stream()
    self.stream = nil
    for (index, draft) in drafts.enumerated() {
      stream.lastOffset = first + UInt64(index)
      stream.entries.append(
        Entry(offset: stream.lastOffset, draft: draft, time: time, sumBefore: sum))
      sum += Int64(draft.data.count + Event.overheadBytes)
      while stream.entries.count > settings.history { stream.entries.removeFirst() }
    }
    var dropped = 0
    while dropped < Self.expiredPerPublishMax, stream.entries.count > 1,
      time - stream.entries[0].time >= settings.ttl
    {
      stream.entries.removeFirst()
      dropped += 1
    }
    while stream.entries.count > 1, sum - stream.entries[0].sumBefore > settings.bytes {
      stream.entries.removeFirst()
    }
    self.stream = stream
    return sum
  }

  // MARK: Reading

  /// What the log holds; its hash is made and its time to live renewed as needed.
  mutating func inspect(
    isKept: Bool, settings: RedisModelSettings, now: Int64, newSeed: () -> String
  ) -> (seed: String, head: UInt64, oldest: UInt64) {
    var isNew = meta == nil
    var meta = opened(newSeed)
    var oldest = meta.head + 1
    if isKept, meta.head > 0 {
      if let last = stream?.entries.last, last.offset > meta.head {
        stream = nil
        meta = Meta(seed: newSeed())
        isNew = true
        oldest = 1
      } else {
        dropBeforeHole(head: meta.head)
        let clock = max(now, meta.time)
        let alive = stream?.entries.first { clock - $0.time < settings.ttl }
        oldest = alive?.offset ?? meta.head + 1
      }
    }
    save(meta, isNew: isNew, now: now, metaTTL: settings.metaTTL)
    return (meta.seed, meta.head, oldest)
  }

  /// Keeps the unbroken run of entries that ends at the head.
  private mutating func dropBeforeHole(head: UInt64) {
    guard let stream else { return }
    var next = head
    var kept = 0
    while kept < stream.entries.count,
      stream.entries[stream.entries.count - 1 - kept].offset == next
    {
      kept += 1
      next -= 1
    }
    self.stream?.entries.removeFirst(stream.entries.count - kept)
  }

  /// Consecutive entries from `offset`, which is not before the oldest.
  func read(from offset: UInt64, eventsMax: Int, bytesMax: Int) -> [Entry] {
    var page: [Entry] = []
    var bytes = 0
    for entry in stream?.entries ?? [] where entry.offset >= offset {
      bytes += entry.draft.data.count + Event.overheadBytes
      guard page.count < eventsMax, page.isEmpty || bytes <= bytesMax else { break }
      page.append(entry)
    }
    return page
  }
}
