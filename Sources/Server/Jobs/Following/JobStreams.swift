import FanfareActors
import FanfareRuntime
import Glibc

/// One event stream that follows a job. Confined to the loop of its connection.
final class JobWatch {
  let job: JobID
  fileprivate(set) var subscriber: Subscriber?
  /// The number of the event with which the job was over; `nil` while it is not.
  fileprivate(set) var last: Int64?
  /// Whether it is among those that have to end once they have delivered all.
  fileprivate var isEnding = false
  /// Where it stands among those of its job; `nil` once it has ended.
  fileprivate var place: Int?
  private weak var streams: JobStreams?

  fileprivate init(_ job: JobID, _ streams: JobStreams) {
    self.job = job
    self.streams = streams
  }

  /// The stream has begun.
  func begins(_ subscriber: Subscriber) {
    self.subscriber = subscriber
    streams?.mayEnd(self)
  }

  /// The job was over with event `last` when the store was asked.
  func wasOver(with last: Int64) {
    if self.last == nil { self.last = last }
  }

  /// The stream has ended.
  func ends() { streams?.remove(self) }
}

/// The event streams of one loop that follow a job: each ends when the job is over and its last
/// event is delivered. Confined to the loop.
final class JobStreams: TurnParticipant {
  private weak var table: JobStreamTable?
  private let index: Int
  private var watches: [JobID: [JobWatch]] = [:]
  /// Those whose job is over. Each turn looks at these alone, however many go on.
  private var ending: [JobWatch] = []

  fileprivate init(_ index: Int, _ table: JobStreamTable) {
    self.index = index
    self.table = table
  }

  /// Hears of `job` from now on.
  func watch(_ job: JobID) -> JobWatch {
    let watch = JobWatch(job, self)
    watch.place = watches[job]?.count ?? 0
    watches[job, default: []].append(watch)
    table?.add(job, index)
    return watch
  }

  fileprivate func remove(_ watch: JobWatch) {
    watch.last = nil
    guard let place = watch.place, let newest = watches[watch.job]?.popLast() else { return }
    watch.place = nil
    // The newest takes its place: all streams of a job may end in one turn, however many they are.
    if newest !== watch {
      newest.place = place
      watches[watch.job]?[place] = newest
    }
    if watches[watch.job]?.isEmpty == true { watches[watch.job] = nil }
    table?.remove(watch.job, self.index)
  }

  /// `job` was over with event `last`, or goes on.
  fileprivate func heard(_ job: JobID, last: Int64?) {
    for watch in watches[job] ?? [] {
      watch.last = last
      mayEnd(watch)
    }
  }

  fileprivate func mayEnd(_ watch: JobWatch) {
    guard watch.last != nil, watch.subscriber != nil, !watch.isEnding else { return }
    watch.isEnding = true
    ending.append(watch)
  }

  func endOfTurn() -> Bool {
    guard !ending.isEmpty else { return false }
    let looked = ending
    ending = []
    for watch in looked {
      watch.isEnding = false
      guard let last = watch.last, let subscriber = watch.subscriber, !subscriber.isLeaving else {
        continue
      }
      if subscriber.hasDelivered(through: UInt64(clamping: last)) {
        subscriber.leaveAtTheEnd()
      } else {
        // Its socket is full, or its events are still on their way: later turns look again.
        mayEnd(watch)
      }
    }
    return false
  }
}

/// The job streams of all loops: passes on to them which jobs are over. Any thread.
final class JobStreamTable: Sendable {
  private let loops: Locked<[LoopConfined<JobStreams>]>
  /// How many streams follow a job on each loop.
  private let followed = Locked<[JobID: [Int: Int]]>([:])

  init(_ loops: [EventLoop]) {
    self.loops = Locked([])
    let all = loops.enumerated().map { index, loop in
      LoopConfined(JobStreams(index, self), to: loop)
    }
    self.loops.withLock { $0 = all }
    for streams in all {
      _ = streams.loop.post { streams.loop.addTurnParticipant(streams.get) }
    }
  }

  /// Those of `loop`; on it.
  func streams(on loop: EventLoop) -> JobStreams? {
    loops.withLock { $0 }.first { $0.loop === loop }?.get
  }

  fileprivate func add(_ job: JobID, _ loop: Int) {
    followed.withLock { $0[job, default: [:]][loop, default: 0] += 1 }
  }

  fileprivate func remove(_ job: JobID, _ loop: Int) {
    followed.withLock { followed in
      guard var counts = followed[job], let count = counts[loop] else { return }
      counts[loop] = count > 1 ? count - 1 : nil
      followed[job] = counts.isEmpty ? nil : counts
    }
  }

  /// On the store's loop.
  func received(_ events: [JobEvent]) {
    let told: [(loop: Int, job: JobID, last: Int64?)] = followed.withLock { followed in
      guard !followed.isEmpty else { return [] }
      var told: [(loop: Int, job: JobID, last: Int64?)] = []
      for event in events where event.kind.isTerminal || event.kind == .queued {
        for loop in (followed[event.job] ?? [:]).keys.sorted() {
          told.append((loop, event.job, event.kind.isTerminal ? event.sequence : nil))
        }
      }
      return told
    }
    guard !told.isEmpty else { return }
    let loops = loops.withLock { $0 }
    for (index, job, last) in told {
      let streams = loops[index]
      // A loop so far behind is waited for: it waits for nothing here.
      while !streams.loop.post({ streams.get.heard(job, last: last) }) { sched_yield() }
    }
  }

  /// Lets go of the loops' parts, which hold this table too.
  func forget() { loops.withLock { $0 = [] } }
}
