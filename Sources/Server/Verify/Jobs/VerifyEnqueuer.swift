import FanfareActors
import FanfareRuntime

/// One client of a verification that wants work done: it enqueues jobs by and by, singly and in
/// lines, makes every request again until it is answered, and some of them once more after that.
actor VerifyEnqueuer {
  /// What it has come to.
  struct Standing: Sendable {
    /// The number of each job that was accepted, by its id.
    var accepted: [String: Int] = [:]
    /// Requests that had to be made again.
    var again = 0
    var faults: [String] = []
  }

  private static let linesMax = 20

  nonisolated let unownedExecutor: UnownedSerialExecutor
  private let name: String
  private let work: VerifyWork
  private let numbers: Range<Int>
  private let time: Duration
  private let client: VerifyClient
  private var random: SeededGenerator
  private(set) var standing = Standing()
  private var isOver = false

  /// - Parameters:
  ///   - numbers: of its jobs, at least one.
  ///   - time: over which they are spread.
  init(
    _ name: String, _ work: VerifyWork, _ numbers: Range<Int>, over time: Duration, seed: UInt64,
    at server: ServerURL, on loop: EventLoop, _ limits: ClientLimits
  ) {
    self.name = name
    self.work = work
    self.numbers = numbers
    self.time = time
    unownedExecutor = loop.asUnownedSerialExecutor()
    client = VerifyClient(server, on: loop, limits: limits)
    random = SeededGenerator(seed: seed)
  }

  /// Returns when all are accepted, or after ``end()``.
  func run() async {
    let clock = ContinuousClock()
    let start = clock.now
    var next = numbers.lowerBound
    while next < numbers.upperBound, !isOver, standing.faults.isEmpty {
      let count = min(
        Bool.random(using: &random) ? 1 : Int.random(in: 1...Self.linesMax, using: &random),
        numbers.upperBound - next)
      await enqueue(next..<next + count)
      next += count
      let share = Double(next - numbers.lowerBound) / Double(numbers.count)
      try? await clock.sleep(until: start + time * share)
    }
    await client.close()
  }

  /// Ends a request that is under way.
  func end() async {
    isOver = true
    await client.close()
  }

  private func enqueue(_ numbers: Range<Int>) async {
    let lines = numbers.map { job($0) }
    let key = "\(name)-\(numbers.lowerBound)"
    guard let ids = await ask(lines, key) else { return }
    for (id, number) in zip(ids, numbers) where standing.accepted[id] != nil {
      fail("the jobs \(number) and \(standing.accepted[id] ?? 0) were both named \(id)")
    }
    standing.accepted.merge(zip(ids, numbers)) { first, _ in first }
    guard Int.random(in: 0..<10, using: &random) == 0 else { return }
    guard let repeated = await ask(lines, key), repeated != ids else { return }
    fail("the same request was answered \(ids) and then \(repeated)")
  }

  private func job(_ number: Int) -> [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    writer.member("task", work.task)
    writer.key("args")
    writer.raw(Array(#"{"n":\#(number)}"#.utf8))
    writer.member("channel", work.channels[number % work.channels.count].text)
    if number % 7 == 0 {
      writer.key("priority")
      writer.int(number % 5 - 2)
    }
    if number % 11 == 0 {
      writer.key("delay")
      writer.int(1)
    }
    writer.endObject()
    return writer.bytes
  }

  /// The ids that the request is answered with; nil where it never is.
  private func ask(_ lines: [[UInt8]], _ key: String) async -> [String]? {
    let target = "/queues/\(work.queue)/jobs"
    while !isOver {
      do throws(ClientError) {
        let isLines = lines.count > 1
        let answer = try await client.post(
          target, Array(lines.joined(separator: [0x0A])), isLines: isLines, key: key)
        switch answer {
        case .done(let fields):
          let objects = isLines ? fields.objects("jobs") : [fields]
          let ids = objects?.compactMap { $0.string("id") }
          if let ids, ids.count == lines.count { return ids }
          fail("\(lines.count) jobs were answered with \(ids?.count ?? 0) ids")
        case .refused(let refusal): fail("\(refusal)")
        }
        return nil
      } catch {
        standing.again += 1
        guard error.mayPass || isOver else {
          fail("\(error)")
          return nil
        }
        try? await Task.sleep(for: .milliseconds(Int.random(in: 50...300, using: &random)))
      }
    }
    return nil
  }

  private func fail(_ fault: String) {
    if standing.faults.count < 5 { standing.faults.append("\(name): \(fault)") }
  }
}
