import ArgumentParser
import FanfareRuntime
import Foundation

/// What Redis' own `redis-benchmark` reaches with the function by which a node publishes.
struct RedisBenchmark {
  let redis: RedisProcess
  /// Of the logs, which every publish names.
  let generation: String
  /// Commands in flight on its one connection.
  let depth: Int
  let data: String

  /// Publishes `count` events to as many `channels`. Returns how many a second.
  func publishes(_ count: Int, channels: Int) throws -> Double {
    let output = FileManager.default.temporaryDirectory
      .appending(path: "fanfare-bench-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: output) }
    let process = try Subprocess(
      ["redis-benchmark", "-p", "\(redis.port)", "-c", "1", "-P", "\(depth)", "-n", "\(count)"]
        + ["-r", "\(channels)", "--csv", "FCALL", "fanfare_publish", "2", "fanfare:hub"]
        + [
          "fanfare:log:\(BackplaneLoad.channelStart)__rand_int__", generation, "", "", "load", data,
        ],
      openings: [1: .appending(output.path)])
    process.waitForEnding()
    let text = try String(contentsOf: output, encoding: .utf8)
    // The command, in which there may be commas, then the rate and six latencies.
    let cells = text.split(whereSeparator: \.isNewline).last?.split(separator: "\",\"") ?? []
    guard cells.count >= 8, let rate = Double(cells[cells.count - 7]) else {
      throw ValidationError("redis-benchmark said: \(text)")
    }
    return rate
  }
}
