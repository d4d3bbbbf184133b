import FoundationEssentials

/// The programs that a cluster which is broken on purpose is made of.
struct ChaosPrograms {
  /// This executable.
  let fanfare: String
  let redisServer: String
  let redisCLI: String
  /// What all of them get of this process's environment.
  let environment = ChaosPrograms.environment

  /// Finds them.
  init() throws(CommandFailure) {
    redisServer = try Self.find("redis-server")
    redisCLI = try Self.find("redis-cli")
    fanfare = try Self.own()
  }

  /// What programs get of this process's environment.
  static var environment: [String] { ["PATH=\(path)"] }

  /// This executable, where what else is needed to start programs is there.
  static func own() throws(CommandFailure) -> String {
    _ = try find("setpriv")
    do {
      return try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    } catch {
      throw CommandFailure(.unavailable, "--chaos cannot tell where this program is")
    }
  }

  private static var path: String {
    ProcessInfo.processInfo.environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin"
  }

  private static func find(_ name: String) throws(CommandFailure) -> String {
    for folder in path.split(separator: ":") {
      let file = "\(folder)/\(name)"
      if FileManager.default.isExecutableFile(atPath: file) { return file }
    }
    throw CommandFailure(
      .unavailable, "--chaos needs \(name), which is nowhere in PATH; install it")
  }
}
