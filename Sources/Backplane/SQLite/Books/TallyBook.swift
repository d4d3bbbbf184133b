import FanfareActors

/// How many jobs there are, by lane and state. Kept in the file, so that nobody has to count.
struct TallyBook {
  /// A row of the file.
  struct Key: Hashable {
    let lane: LaneName
    /// One of ``JobState/words``.
    let state: String
  }

  /// By the places of states: every move of a job counts here, and names take long to hash.
  private typealias Counts = [Int]
  private static let none = Counts(repeating: 0, count: JobState.words.count)

  private var counts: [LaneName: Counts] = [:]
  /// What the transaction under way changes.
  private var changes: [LaneName: Counts] = [:]
  private var byQueue: [QueueName: Counts] = [:]
  private(set) var total = 0

  mutating func load(_ rows: [Key: Int]) {
    self = TallyBook()
    for (key, count) in rows {
      guard let place = JobState.words.firstIndex(of: key.state) else { continue }
      counts[key.lane, default: Self.none][place] += count
      byQueue[key.lane.queue, default: Self.none][place] += count
      total += count
    }
  }

  mutating func change(_ lane: LaneName, from: JobState?, to: JobState?) {
    func move(_ counts: inout Counts) {
      if let from { counts[from.place] -= 1 }
      if let to { counts[to.place] += 1 }
    }
    move(&changes[lane, default: Self.none])
    move(&byQueue[lane.queue, default: Self.none])
    total += (to == nil ? 0 : 1) - (from == nil ? 0 : 1)
  }

  /// What the changed rows hold now, in no order.
  var changed: [(key: Key, count: Int)] {
    changes.flatMap { lane, steps in
      steps.indices.filter { steps[$0] != 0 }.map { place in
        (
          key: Key(lane: lane, state: JobState.words[place]),
          count: (counts[lane]?[place] ?? 0) + steps[place]
        )
      }
    }
  }

  mutating func commit() {
    for (lane, steps) in changes {
      var sums = counts[lane] ?? Self.none
      for place in steps.indices { sums[place] += steps[place] }
      counts[lane] = sums == Self.none ? nil : sums
    }
    changes = [:]
  }

  mutating func rollBack() {
    for (lane, steps) in changes {
      for place in steps.indices {
        byQueue[lane.queue, default: Self.none][place] -= steps[place]
        total -= steps[place]
      }
    }
    changes = [:]
  }

  func count(_ queue: QueueName, _ state: JobState) -> Int { byQueue[queue]?[state.place] ?? 0 }

  /// The jobs that can match a filter, as far as queues, tasks and states tell.
  func count(_ filter: JobFilter) -> Int {
    var count = 0
    for lane in Set(counts.keys).union(changes.keys)
    where lane.queue == filter.queue ?? lane.queue && lane.task == filter.task ?? lane.task {
      for (place, word) in JobState.words.enumerated() where word == filter.state ?? word {
        count += (counts[lane]?[place] ?? 0) + (changes[lane]?[place] ?? 0)
      }
    }
    return count
  }

  /// The counts of a queue by state's word, of the states in which there are jobs.
  func counts(_ queue: QueueName) -> [String: Int] {
    Dictionary(uniqueKeysWithValues: zip(JobState.words, byQueue[queue] ?? Self.none))
      .filter { $0.value > 0 }
  }

  /// Lanes with queued jobs, once what is under way is committed or rolled back.
  var queuedLanes: [LaneName] {
    counts.filter { $0.value[JobState.queued.place] > 0 }.map(\.key)
  }

  /// Queues in which there are jobs.
  var queues: [QueueName] {
    byQueue.filter { $0.value.contains { $0 > 0 } }.map(\.key)
  }
}
