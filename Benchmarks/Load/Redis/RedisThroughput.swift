import ArgumentParser
import CEpoll
import FanfareRuntime

/// How many publishes a second a node's backplane reaches, beside `redis-benchmark` with the same
/// function, data and pipeline: in turn, over the same Redis.
struct RedisThroughput {
  struct Pair {
    let node: Double
    let benchmark: Double
    /// Processor time of the node's process for a publish, in nanoseconds.
    let nodeEach: Double
    /// Processor time of Redis for a publish, in nanoseconds: under the node, and under
    /// `redis-benchmark`.
    let redisEach: (node: Double, benchmark: Double)
    /// Of one core, under the node.
    let redisShare: Double
  }

  let redis: RedisProcess
  let depth: Int
  let channels: Int
  let data: String
  let measured: Duration

  /// Which of the two goes first changes from pair to pair.
  func pairs(_ count: Int) async throws -> [Pair] {
    let (load, generation) = try await BackplaneLoad.start(redis, data: data)
    let benchmark = RedisBenchmark(
      redis: redis, generation: generation, depth: depth, data: data)
    let result: Result<[Pair], any Error>
    do {
      // The first one finds the logs empty; it also says how many make up the time.
      let rate = try benchmark.publishes(20_000, channels: channels)
      var pairs: [Pair] = []
      for index in 0..<count {
        let commands = Int(rate * measured.inSeconds)
        if index % 2 == 0 {
          let node = try await publish(load)
          pairs.append(pair(node, try run(benchmark, commands)))
        } else {
          let other = try run(benchmark, commands)
          pairs.append(pair(try await publish(load), other))
        }
      }
      result = .success(pairs)
    } catch {
      result = .failure(error)
    }
    await load.stop()
    return try result.get()
  }

  private typealias NodeRun = (rate: Double, node: Double, redis: Double, share: Double)

  private func pair(_ node: NodeRun, _ benchmark: (rate: Double, redis: Double)) -> Pair {
    Pair(
      node: node.rate, benchmark: benchmark.rate, nodeEach: node.node,
      redisEach: (node.redis, benchmark.redis), redisShare: node.share)
  }

  private func publish(_ load: BackplaneLoad) async throws -> NodeRun {
    let publishing = await load.begin(depth: depth, channels: channels)
    try await Task.sleep(for: .milliseconds(300))
    let before = await read(load)
    try await Task.sleep(for: measured)
    let after = await read(load)
    await load.end(publishing)
    if let failure = await load.failure { throw ValidationError("a publish failed: \(failure)") }
    let count = Double(after.answered - before.answered)
    let nanoseconds = Double(after.instant - before.instant)
    return (
      count * 1e9 / nanoseconds, (after.node - before.node) / count,
      (after.redis - before.redis) / count, (after.redis - before.redis) / nanoseconds
    )
  }

  private func read(
    _ load: BackplaneLoad
  ) async -> (answered: UInt64, node: Double, redis: Double, instant: UInt64) {
    let answered = await load.answered
    return (
      answered, Double(load_nanoseconds(CLOCK_PROCESS_CPUTIME_ID)), redis.cpuNanoseconds,
      LoadLoop.now
    )
  }

  private func run(
    _ benchmark: RedisBenchmark, _ count: Int
  ) throws -> (rate: Double, redis: Double) {
    let before = redis.cpuNanoseconds
    let rate = try benchmark.publishes(count, channels: channels)
    return (rate, (redis.cpuNanoseconds - before) / Double(count))
  }
}
