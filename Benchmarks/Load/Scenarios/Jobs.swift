import ArgumentParser

/// What jobs cost, beside what SQLite and the disk can do.
struct Jobs: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Jobs over HTTP: enqueueing, working, starting, waiting; beside SQLite alone.",
    discussion: """
      A missed target is only printed; the exit code is 1 when a request failed.
      """)

  @Option(help: "Runs of each row that has several; medians are printed.")
  var runs = 5
  @Option(help: "What is measured; all without it.")
  var part: [Part] = []
  @Option(help: "Jobs of a run of enqueue and work.")
  var count = 50_000
  @Option(help: "Jobs that are queued, one after the other, for the part lease.")
  var queued: [Int] = [1_000, 100_000, 1_000_000]
  @OptionGroup var server: ServerOptions

  enum Part: String, ExpressibleByArgument, CaseIterable {
    case enqueue, single, work, start, lease, memory
    /// What celery.sh compares with: not among those that are measured without a name.
    case noop
  }

  func validate() throws {
    guard runs > 0, count >= 1_000, count % 1_000 == 0 else {
      throw ValidationError("--runs must be more than 0, --count a multiple of 1000.")
    }
  }

  func run() async throws {
    var report = Report("jobs")
    report.add("runs", runs)
    let wanted = part.isEmpty ? Part.allCases.filter { $0 != .noop } : part
    let parts = JobParts(options: server, runs: runs)
    let floor = try SQLiteFloor()
    report.add("disk_syncs", UInt64(try floor.syncsPerSecond()), "/s")
    floor.remove()
    for part in wanted {
      switch part {
      case .enqueue:
        let rates = try await parts.enqueue(count, lines: 100, connections: 2, depth: 2)
        add("enqueue_100", rates, atLeast: 20_000, &report)
      case .single:
        let rates = try await parts.enqueue(count / 5, lines: 1, connections: 64, depth: 1)
        add("enqueue_1", rates, atLeast: 3_000, &report)
      case .work:
        let rates = try await parts.work(count, max: 50, workers: 4, reporters: 25)
        add("work", rates, atLeast: 10_000, &report)
      case .start: try await addStart(parts, &report)
      case .lease: try await addLease(parts, &report)
      case .memory:
        let bytes = try await parts.memory(100_000)
        report.add("scheduled_memory", bytes, "B/job")
        report.add("scheduled_memory_target", verdict("<= 16 B", bytes <= 16))
      case .noop: try await addNoop(parts, &report)
      }
    }
    try report.finish()
  }

  private func add(
    _ name: String, _ rates: [JobParts.Rate], atLeast target: Double?, _ report: inout Report
  ) {
    let median = { (value: (JobParts.Rate) -> Double) in Figures.median(rates.map(value)) ?? 0 }
    report.add(name, UInt64(median(\.jobs)), "jobs/s")
    report.add("\(name)_sqlite", UInt64(median(\.floor)), "jobs/s")
    report.addHundredths("\(name)_ratio", median { $0.jobs / $0.floor })
    report.add("\(name)_server_cpu_each", median(\.cpuEach), "us")
    guard let target else { return }
    report.add("\(name)_target", verdict(">= \(Int(target))/s", median(\.jobs) >= target))
  }

  private func addStart(_ parts: JobParts, _ report: inout Report) async throws {
    let times = try await parts.start(1_000)
    let p99 = times.microseconds(atShare: 0.99)
    report.add("start_p50", times.microseconds(atShare: 0.5), "us")
    report.add("start_p99", p99, "us")
    report.add("start_target", verdict("p99 <= 10 ms", p99 <= 10_000))
  }

  private func addLease(_ parts: JobParts, _ report: inout Report) async throws {
    let results = try await parts.lease(queued, calls: 100, max: 10)
    for (count, result) in zip(queued, results) {
      report.add("lease_\(count)", result.time, "us")
      report.add("lease_\(count)_server_cpu", result.cpu, "us")
    }
    guard let first = results.first, let last = results.last else { return }
    let ratio = last.time / first.time
    report.addHundredths("lease_ratio", ratio)
    report.addHundredths("lease_cpu_ratio", last.cpu / first.cpu)
    report.add("lease_target", verdict("ratio <= 1.5", ratio <= 1.5))
  }

  private func addNoop(_ parts: JobParts, _ report: inout Report) async throws {
    let one = try await parts.enqueue(5_000, lines: 1, connections: 1, depth: 1)
    add("one_client", one, atLeast: nil, &report)
    for (max, reporters) in [(50, 25), (4, 4)] {
      let rates = try await parts.work(count, max: max, workers: 2, reporters: reporters)
      add("two_workers_\(max)", rates, atLeast: nil, &report)
    }
  }

  private func verdict(_ target: String, _ isMet: Bool) -> String {
    "\(target): \(isMet ? "met" : "missed")"
  }
}
