import FanfareRuntime
import FoundationEssentials

/// What everything that is broken on purpose stands on: a temporary folder, and ports.
struct ChaosGround {
  /// How long a server may take until it answers.
  static let startTimeout = Duration.seconds(15)

  /// Where logs and data are.
  let folder =
    FileManager.default.temporaryDirectory.path
    + "/fanfare-chaos-" + String(UInt64.random(in: .min ... .max), radix: 36)

  /// Makes the folder.
  func prepare() throws {
    try FileManager.default.createDirectory(
      atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
  }

  /// Removes the folder.
  func clean() { try? FileManager.default.removeItem(atPath: folder) }

  /// Different ports that nobody listens on.
  static func freePorts(_ count: Int) throws -> Set<UInt16> {
    var ports: Set<UInt16> = []
    while ports.count < count { ports.insert(try freePort()) }
    return ports
  }

  /// Below the ports that the kernel gives to clients, which could be taken before a restart.
  private static func freePort() throws -> UInt16 {
    for _ in 0..<100 {
      let port = UInt16.random(in: 12_000..<32_000)
      let address = try SocketAddress.resolve(host: "127.0.0.1", port: port)
      if (try? Listener.probe(address)) != nil { return port }
    }
    throw CommandFailure(.unavailable, "--chaos finds no free port")
  }

  /// Waits until a server that was just started answers.
  func hold(_ name: String, until isThere: () async throws -> Bool) async throws {
    let deadline = ContinuousClock.now + Self.startTimeout
    while try await !isThere() {
      guard ContinuousClock.now < deadline else {
        throw CommandFailure(.unavailable, "--chaos: \(name) does not start: \(folder)")
      }
      try await Task.sleep(for: .milliseconds(20))
    }
  }
}
