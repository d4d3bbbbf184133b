import FanfareActors

/// How many jobs there are, by lane and state. Kept in the file, so that nobody has to count.
struct TallyBook {
  struct Key: Hashable {
    let lane: LaneName
    /// One of ``JobState/words``.
    let state: String
  }

  private var counts: [Key: Int] = [:]
  /// What the transaction under way changes.
  private(set) var changes: [Key: Int] = [:]
  private var byQueue: [QueueName: [String: Int]] = [:]
  private(set) var total = 0

  mutating func load(_ counts: [Key: Int]) {
    self.counts = counts
    changes = [:]
    byQueue = [:]
    total = 0
    for (key, count) in counts { add(count, to: key) }
  }

  mutating func change(_ lane: LaneName, from: JobState?, to: JobState?) {
    if let from { change(Key(lane: lane, state: from.word), by: -1) }
    if let to { change(Key(lane: lane, state: to.word), by: 1) }
  }

  private mutating func change(_ key: Key, by step: Int) {
    changes[key, default: 0] += step
    add(step, to: key)
  }

  private mutating func add(_ count: Int, to key: Key) {
    byQueue[key.lane.queue, default: [:]][key.state, default: 0] += count
    total += count
  }

  /// What the changed rows hold now, in no order.
  var changed: [(key: Key, count: Int)] {
    changes.filter { $0.value != 0 }.map { ($0.key, (counts[$0.key] ?? 0) + $0.value) }
  }

  mutating func commit() {
    for (key, count) in changed { counts[key] = count == 0 ? nil : count }
    changes = [:]
  }

  mutating func rollBack() {
    for (key, step) in changes { add(-step, to: key) }
    changes = [:]
  }

  func count(_ queue: QueueName, _ state: JobState) -> Int { byQueue[queue]?[state.word] ?? 0 }

  /// The jobs that can match a filter, as far as queues, tasks and states tell.
  func count(_ filter: JobFilter) -> Int {
    var count = 0
    for key in Set(counts.keys).union(changes.keys)
    where key.state == filter.state ?? key.state && key.lane.queue == filter.queue ?? key.lane.queue
      && key.lane.task == filter.task ?? key.lane.task
    {
      count += (counts[key] ?? 0) + (changes[key] ?? 0)
    }
    return count
  }

  /// The counts of a queue by state's word, of the states in which there are jobs.
  func counts(_ queue: QueueName) -> [String: Int] {
    (byQueue[queue] ?? [:]).filter { $0.value > 0 }
  }

  /// Lanes with queued jobs, once what is under way is committed or rolled back.
  var queuedLanes: [LaneName] {
    counts.filter { $0.key.state == JobState.queued.word && $0.value > 0 }.map(\.key.lane)
  }

  /// Queues in which there are jobs.
  var queues: [QueueName] {
    byQueue.filter { $0.value.values.contains { $0 > 0 } }.map(\.key)
  }
}
