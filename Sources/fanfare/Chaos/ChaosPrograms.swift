import FoundationEssentials

/// The programs that a cluster which is broken on purpose is made of.
struct ChaosPrograms {
  /// This executable.
  let fanfare: String
  let redisServer: String
  let redisCLI: String
  /// What all of them get of this process's environment.
  let environment: [String]

  /// Finds them.
  init() throws(CommandFailure) {
    let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin"
    environment = ["PATH=\(path)"]
    func find(_ name: String) throws(CommandFailure) -> String {
      for folder in path.split(separator: ":") {
        let file = "\(folder)/\(name)"
        if FileManager.default.isExecutableFile(atPath: file) { return file }
      }
      throw CommandFailure(
        .unavailable, "--chaos needs \(name), which is nowhere in PATH; install it")
    }
    redisServer = try find("redis-server")
    redisCLI = try find("redis-cli")
    _ = try find("setpriv")
    do {
      fanfare = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    } catch {
      throw CommandFailure(.unavailable, "--chaos cannot tell where this program is")
    }
  }
}
