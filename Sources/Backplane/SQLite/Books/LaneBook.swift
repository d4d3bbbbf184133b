import FanfareActors

/// The lanes that hold queued jobs. All of it can be read from the file again, so an undone
/// transaction makes it forget.
struct LaneBook {
  private var lanes: [QueueName: [LaneName: Lane]] = [:]

  /// Forgets what it has read; these are the lanes that are not empty.
  mutating func reset(_ names: some Sequence<LaneName>) {
    lanes = [:]
    for name in names { lanes[name.queue, default: [:]][name] = Lane(isEmpty: false) }
  }

  mutating func insert(_ job: Job) {
    let name = LaneName(job)
    lanes[name.queue, default: [:]][name, default: Lane(isEmpty: true)]
      .insert(LanePlace(priority: job.priority, job: job.id, cost: job.cost))
  }

  mutating func remove(_ job: Job) {
    let name = LaneName(job)
    guard var lane = lanes[name.queue]?[name] else { return }
    lanes[name.queue]?[name] = nil
    lane.remove(LanePlace(priority: job.priority, job: job.id, cost: job.cost))
    guard !(lane.isComplete && lane.heads.isEmpty) else { return }
    lanes[name.queue]?[name] = lane
  }

  /// The first job of a queue in the lanes that `isOpen`; what has not been read yet is got by
  /// `read`.
  mutating func first(
    in queue: QueueName, where isOpen: (LaneName) -> Bool,
    read: (LaneName) throws -> [LanePlace]
  ) rethrows -> (lane: LaneName, place: LanePlace)? {
    var first: (lane: LaneName, place: LanePlace)?
    for (name, lane) in lanes[queue] ?? [:] where isOpen(name) {
      var lane = lane
      if lane.isUnread {
        lane.fill(try read(name))
        lanes[queue]?[name] = lane.heads.isEmpty ? nil : lane
      }
      guard let place = lane.heads.first else { continue }
      if let best = first, best.place < place { continue }
      first = (name, place)
    }
    return first
  }

  /// The lanes of a queue in which there may be jobs, in no order.
  func names(in queue: QueueName) -> [LaneName] { lanes[queue].map { Array($0.keys) } ?? [] }
}
