import FanfareBackplane
import FanfareRuntime
import Foundation
import Glibc

/// A real `redis-server` on a free loopback port, with a folder of its own that goes when it does.
///
/// It keeps its port and folder through ``restart(_:)``. Ends with the object, by its process id.
package final class RedisServer: Sendable {
  private struct Child {
    var running: Subprocess?
    var options: [String]
  }

  /// Where it listens on 127.0.0.1.
  package let port: UInt16
  /// Where its files are.
  package let folder: URL
  private let password: String?
  private let child: Locked<Child>

  private init(port: UInt16, options: [String], password: String?) throws {
    self.port = port
    self.password = password
    folder = FileManager.default.temporaryDirectory
      .appending(path: "fanfare-redis-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    child = Locked(Child(running: nil, options: options))
  }

  deinit {
    end(SIGKILL)
    try? FileManager.default.removeItem(at: folder)
  }

  /// Starts one that answers when this returns.
  ///
  /// - Parameters:
  ///   - options: as on its command line: `["--appendonly", "yes"]`. Nothing is saved by default.
  ///   - password: of the default user (`requirepass`).
  package static func start(
    _ options: [String] = [], password: String? = nil
  ) async throws -> RedisServer {
    let options = options + (password.map { ["--requirepass", $0] } ?? [])
    var failure: any Error = ClientFailure.timedOut("a redis-server")
    for _ in 0..<20 {
      let server = try RedisServer(port: freePort(), options: options, password: password)
      do {
        try await server.launch()
        return server
      } catch {
        // Somebody else has taken the port.
        failure = error
      }
    }
    throw failure
  }

  /// Where clients reach it, as the default user.
  package var url: RedisURL { RedisURL(host: "127.0.0.1", port: port, password: password) }

  /// Its process, for tests that signal it in their own way; `nil` while it does not run.
  package var process: pid_t? { child.withLock { $0.running?.id } }

  /// A connection for looking into it, as the default user.
  package func probe() throws -> RedisProbe {
    let probe = try RedisProbe(port: port)
    if let password { try probe.run("AUTH", password) }
    return probe
  }

  /// Ends it in good order and waits for that.
  package func stop() { end(SIGTERM) }

  /// Ends it on the spot and waits for that.
  package func kill() { end(SIGKILL) }

  /// Stops it from doing anything, with its connections open, until ``resume()``.
  package func pause() { signal(SIGSTOP) }

  /// Lets it go on.
  package func resume() { signal(SIGCONT) }

  /// Starts it on the same port and folder, in place of what runs there.
  ///
  /// - Parameters:
  ///   - options: in place of those before.
  ///   - answering: whether to wait until it answers, rather than just listens.
  package func restart(_ options: [String]? = nil, answering: Bool = true) async throws {
    end(SIGTERM)
    if let options {
      child.withLock {
        $0.options = options + (password.map { ["--requirepass", $0] } ?? [])
      }
    }
    try await launch(answering: answering)
  }

  private func signal(_ number: Int32) {
    child.withLock { $0.running?.signal(number) }
  }

  private func end(_ number: Int32) {
    child.withLock { child in
      child.running?.signal(number)
      // One that is paused would not hear.
      child.running?.signal(SIGCONT)
      child.running?.waitForEnding()
      child.running = nil
    }
  }

  // MARK: Starting

  private func launch(answering: Bool = true) async throws {
    let options = child.withLock { $0.options }
    let arguments =
      [
        "redis-server", "--port", "\(port)", "--bind", "127.0.0.1", "--dir", folder.path,
        "--save", "", "--daemonize", "no", "--logfile", folder.path + "/redis.log",
      ] + options
    let process = try Subprocess(arguments)
    child.withLock { $0.running = process }
    let answers = try await Deadline().holds {
      guard process.isRunning else {
        child.withLock { $0.running = nil }
        throw ClientFailure.closed("an answer of redis-server: \(lastWords)")
      }
      return self.answers(loading: !answering)
    }
    guard answers else { throw ClientFailure.timedOut("an answer of redis-server: \(lastWords)") }
  }

  private func answers(loading isEnough: Bool) -> Bool {
    guard let probe = try? RedisProbe(port: port), let reply = try? probe.run("PING") else {
      return false
    }
    switch reply {
    case .status("PONG"): return true
    case .error(let text): return isEnough || text.hasPrefix("NOAUTH")
    default: return false
    }
  }

  private var lastWords: String {
    let log = try? String(contentsOf: folder.appending(path: "redis.log"), encoding: .utf8)
    return String((log ?? "no log").suffix(300))
  }

  /// Below the ports that the kernel gives to clients, which could be taken again before a restart.
  private static func freePort() throws -> UInt16 {
    for _ in 0..<100 {
      let port = UInt16.random(in: 12_000..<32_000)
      let address = try SocketAddress.resolve(host: "127.0.0.1", port: port)
      if (try? Listener.probe(address)) != nil { return port }
    }
    throw ClientFailure.timedOut("a free port")
  }
}
