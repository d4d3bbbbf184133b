import FanfareActors
import FanfareRuntime

/// When which job has to be looked at: a binary heap, the earliest first. A job may stand in it
/// more than once, or no longer have a lease.
struct LookHeap {
  private struct Entry {
    let time: MonotonicInstant
    let job: JobID

    static func < (left: Self, right: Self) -> Bool {
      left.time != right.time ? left.time < right.time : left.job < right.job
    }
  }

  private var entries: [Entry] = []
  /// The earliest look at each job that stands here: a later one would be idle.
  private var earliest: [JobID: MonotonicInstant] = [:]

  var count: Int { entries.count }
  var first: (job: JobID, time: MonotonicInstant)? { entries.first.map { ($0.job, $0.time) } }

  mutating func add(_ job: JobID, _ time: MonotonicInstant) {
    if let known = earliest[job], known <= time { return }
    earliest[job] = time
    entries.append(Entry(time: time, job: job))
    var index = entries.count - 1
    while index > 0, entries[index] < entries[(index - 1) / 2] {
      entries.swapAt(index, (index - 1) / 2)
      index = (index - 1) / 2
    }
  }

  mutating func removeFirst() {
    guard let first = entries.first else { return }
    entries.swapAt(0, entries.count - 1)
    entries.removeLast()
    var index = 0
    while true {
      var least = index
      for child in [2 * index + 1, 2 * index + 2]
      where child < entries.count && entries[child] < entries[least] {
        least = child
      }
      guard least != index else { break }
      entries.swapAt(index, least)
      index = least
    }
    if earliest[first.job] == first.time { earliest[first.job] = nil }
  }

  mutating func rebuild(_ leases: [JobID: Lease]) {
    entries = []
    earliest = [:]
    for (job, lease) in leases { add(job, lease.nextLook) }
  }
}
