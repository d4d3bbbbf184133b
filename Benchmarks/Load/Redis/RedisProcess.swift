import ArgumentParser
import CEpoll
import FanfareRuntime
import Foundation

/// A Redis in a process of its own, in an empty folder, which saves nothing. It is ended by its
/// process number.
final class RedisProcess: Sendable {
  let port: UInt16
  let pid: Int32
  private let process: Subprocess
  private let folder: URL

  private init(_ process: Subprocess, _ port: UInt16, _ folder: URL) {
    self.process = process
    self.port = port
    self.folder = folder
    pid = process.id
  }

  /// Runs `scenario` over a Redis, and ends it whatever happens.
  ///
  /// - Parameter core: where it is pinned to; `nil` leaves it to the kernel.
  static func with<Value>(
    core: Int?, _ scenario: (RedisProcess) async throws -> Value
  ) async throws -> Value {
    let redis = try await start(core: core)
    let result: Result<Value, any Error>
    do {
      result = .success(try await scenario(redis))
    } catch {
      result = .failure(error)
    }
    redis.end()
    return try result.get()
  }

  /// Starts one that listens when this returns.
  private static func start(core: Int?) async throws -> RedisProcess {
    let clock = ContinuousClock()
    for _ in 0..<5 {
      let redis = try launch(core: core, port: UInt16.random(in: 30_000..<32_000))
      let deadline = clock.now + .seconds(5)
      while clock.now < deadline, redis.process.isRunning {
        if redis.listens { return redis }
        try await Task.sleep(for: .milliseconds(10))
      }
      // Somebody else may have the port.
      redis.end()
    }
    throw ValidationError("redis-server did not start")
  }

  private static func launch(core: Int?, port: UInt16) throws -> RedisProcess {
    let folder = FileManager.default.temporaryDirectory
      .appending(path: "fanfare-bench-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let process = try Subprocess(
      (core.map { ["taskset", "-c", "\($0)"] } ?? []) + [
        "redis-server", "--port", "\(port)", "--bind", "127.0.0.1", "--dir", folder.path,
        "--save", "", "--daemonize", "no", "--logfile", folder.path + "/redis.log",
      ])
    return RedisProcess(process, port, folder)
  }

  /// Whether a connection is taken, by this Redis alone: another one on the port would have ended
  /// it.
  private var listens: Bool {
    let log = FileManager.default.contents(atPath: folder.path + "/redis.log") ?? Data()
    return String(decoding: log, as: UTF8.self).contains("Ready to accept connections")
  }

  var url: String { "redis://127.0.0.1:\(port)/0" }

  /// User and system time of all threads, in nanoseconds.
  var cpuNanoseconds: Double { Double(load_process_nanoseconds(pid)) }

  /// Stops it from doing anything, with its connections open.
  func pause() { process.signal(SIGSTOP) }

  /// Lets it go on.
  func resume() { process.signal(SIGCONT) }

  /// Ends it on the spot.
  func end() {
    process.signal(SIGKILL)
    process.waitForEnding()
    try? FileManager.default.removeItem(at: folder)
  }
}
