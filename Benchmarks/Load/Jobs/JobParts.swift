import FanfareRuntime
import Foundation

/// The parts of the comparison of jobs, each over a server of its own.
struct JobParts {
  /// A rate of the server, beside what SQLite alone does of the same.
  struct Rate {
    let jobs: Double
    let floor: Double
    /// Processor time of the server for a job, in microseconds.
    let cpuEach: Double
  }

  let options: ServerOptions
  let runs: Int

  /// Enqueues `count` jobs in each run.
  func enqueue(_ count: Int, lines: Int, connections: Int, depth: Int) async throws -> [Rate] {
    try await JobSide.with(options) { side in
      let sources = await side.sources(connections, lines: lines, depth: depth)
      // The first ones pay for the file.
      try await side.enqueue(max(count / 10, sources.count * lines), by: sources)
      let floor = try SQLiteFloor()
      defer { floor.remove() }
      var rates: [Rate] = []
      for _ in 0..<runs {
        let cpu = side.server.cpuNanoseconds
        let (jobs, seconds) = try await side.enqueue(count, by: sources)
        let spent = side.server.cpuNanoseconds - cpu
        rates.append(
          Rate(
            jobs: Double(jobs) / seconds,
            floor: try floor.insertsPerSecond(lines == 1 ? min(count, 2_000) : count, each: lines),
            cpuEach: spent / Double(jobs) / 1_000))
      }
      return rates
    }
  }

  /// Leases `max` a call and reports the success of each, by so many workers with so many
  /// connections for that; their jobs are there before.
  func work(_ count: Int, max: Int, workers: Int, reporters: Int) async throws -> [Rate] {
    try await JobSide.with(options) { side in
      let sources = await side.sources(2, lines: 100, depth: 2)
      let floor = try SQLiteFloor()
      defer { floor.remove() }
      _ = try floor.insertsPerSecond(count, each: 1_000)
      var rates: [Rate] = []
      for _ in 0..<runs {
        try await side.enqueue(count, by: sources)
        let quota = JobQuota(count)
        let sinks = await side.sinks(workers, max: max, reporters: reporters, quota: quota)
        let cpu = side.server.cpuNanoseconds
        let start = LoadLoop.now
        await side.loop.run { for sink in sinks { sink.work() } }
        try await side.wait(for: sinks) { quota.done == count }
        let end = await side.loop.run { quota.last }
        let spent = side.server.cpuNanoseconds - cpu
        await side.loop.run { for sink in sinks { sink.close() } }
        rates.append(
          Rate(
            jobs: Double(count) * 1e9 / Double(end - start),
            floor: try floor.updatesPerSecond(count, each: max),
            cpuEach: spent / Double(count) / 1_000))
      }
      return rates
    }
  }

  /// From enqueueing one job to its arrival at a worker that waits for one.
  func start(_ count: Int) async throws -> LatencyHistogram {
    try await JobSide.with(options) { side in
      let source = await side.sources(1, lines: 1, depth: 1)[0]
      let quota = JobQuota(.max)
      let sink = await side.sinks(1, max: 1, wait: 30, quota: quota)[0]
      let times = StartTimes()
      await side.loop.run {
        sink.took = { times.took($0) }
        sink.work()
      }
      for round in 0..<count {
        // Until the worker's next request has surely arrived, at no fixed rhythm.
        try await Task.sleep(for: .milliseconds(3 + Int.random(in: 0...4)))
        await side.loop.run {
          times.asked = LoadLoop.now
          source.enqueue(1)
        }
        try await side.wait(for: [source, sink]) { quota.done > round && sink.waiting == 1 }
      }
      return await side.loop.run { times.histogram }
    }
  }

  /// On the loop alone.
  private final class StartTimes: @unchecked Sendable {
    var asked: UInt64 = 0
    var histogram = LatencyHistogram()

    func took(_ instant: UInt64) { histogram.record(instant - asked) }
  }

  /// The median time of a lease call, and the server's processor time for it, both in microseconds,
  /// where so many jobs are queued.
  func lease(_ queued: [Int], calls: Int, max: Int) async throws -> [(time: Double, cpu: Double)] {
    try await JobSide.with(options) { side in
      let sources = await side.sources(2, lines: 1_000, depth: 2)
      var there = 0
      var results: [(time: Double, cpu: Double)] = []
      for count in queued {
        // What is leased meanwhile does not count among them.
        let missing = count + calls * max - there
        try await side.enqueue((missing + 1_999) / 2_000 * 2_000, by: sources)
        there += (missing + 1_999) / 2_000 * 2_000
        let quota = JobQuota(calls * max)
        let sink = await side.sinks(1, max: max, quota: quota)[0]
        try await Task.sleep(for: .seconds(1))
        let cpu = side.server.cpuNanoseconds
        await side.loop.run {
          sink.keeps = true
          sink.work()
        }
        try await side.wait(for: [sink]) { quota.left <= 0 && sink.waiting == 0 }
        let spent = side.server.cpuNanoseconds - cpu
        there -= calls * max
        let time = await side.loop.run {
          sink.close()
          return sink.leaseTimes.microseconds(atShare: 0.5)
        }
        results.append((time, spent / Double(calls) / 1_000))
      }
      return results
    }
  }

  /// Resident bytes of the server for each of `count` jobs whose time has not come.
  func memory(_ count: Int) async throws -> Double {
    try await JobSide.with(options) { side in
      let later = await side.sources(2, lines: 100, depth: 2, member: #","delay":3600"#)
      // What any load leaves in buffers and caches, SQLite's of 16 MiB among them.
      try await side.enqueue(100_000, by: later)
      try await Task.sleep(for: .seconds(1))
      let before = side.server.residentBytes
      try await side.enqueue(count, by: later)
      try await Task.sleep(for: .seconds(1))
      return Double(side.server.residentBytes - before) / Double(count)
    }
  }
}
