import ArgumentParser
import CEpoll
import FanfareRuntime
import Foundation

/// A server under load, in a process of its own. It starts in an empty folder with a `fanfare.yaml`
/// that says the same as its arguments, and is ended by its process number.
final class ServerProcess: Sendable {
  private static let startTimeout = Duration.seconds(10)
  private static let stopTimeout = Duration.seconds(15)

  let address: SocketAddress
  let pid: Int32
  private let process: Subprocess
  private let folder: URL

  private init(_ process: Subprocess, _ address: SocketAddress, _ folder: URL) {
    self.process = process
    self.address = address
    self.folder = folder
    pid = process.id
  }

  /// Starts a server; it may not listen yet.
  ///
  /// - Parameter more: lines for its `fanfare.yaml`.
  static func start(_ options: ServerOptions, settings more: String = "") throws -> ServerProcess {
    let port = options.port == 0 ? Int.random(in: 20_000..<30_000) : options.port
    let executable = URL(filePath: options.server).path
    guard FileManager.default.isExecutableFile(atPath: executable) else {
      throw ValidationError("\(executable) is no executable; run `make build` or give --server.")
    }
    let folder = FileManager.default.temporaryDirectory
      .appending(path: "fanfare-bench-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let settings = "listen: 127.0.0.1:\(port)\nloops: \(options.loops)\n" + more
    try Data(settings.utf8).write(to: folder.appending(path: "fanfare.yaml"))
    if let path = options.configuration {
      let text = try String(contentsOf: URL(filePath: path), encoding: .utf8)
        .replacingOccurrences(of: "{port}", with: "\(port)")
      try Data(text.utf8).write(to: folder.appending(path: "server.conf"))
    }
    let arguments = options.serverArguments
      .replacingOccurrences(of: "{port}", with: "\(port)")
      .replacingOccurrences(of: "{loops}", with: "\(options.loops)")
      .split(separator: " ").map(String.init)
    let pinned = options.unpinned ? [] : ["taskset", "-c", "\(options.serverCore)"]
    let log = URL(
      filePath: options.serverLog.replacingOccurrences(of: "{folder}", with: folder.path)
    ).path
    let process = try Subprocess(
      pinned + [executable] + arguments, directory: folder.path, openings: [2: .appending(log)])
    let address = try SocketAddress.resolve(host: "127.0.0.1", port: UInt16(port))
    return ServerProcess(process, address, folder)
  }

  /// Returns once the server answers that it is ready.
  func becomeReady(_ client: HTTPClient) async throws {
    let clock = ContinuousClock()
    let deadline = clock.now + Self.startTimeout
    while clock.now < deadline, process.isRunning {
      if let answer = await client.get("/readyz"), answer.status == 200 { return }
      try await Task.sleep(for: .milliseconds(20))
    }
    throw ValidationError(
      process.isRunning
        ? "the server did not become ready" : "the server has ended; see --server-log")
  }

  /// Ends the server, if need be by force.
  func stop() async {
    process.signal(SIGTERM)
    let clock = ContinuousClock()
    let deadline = clock.now + Self.stopTimeout
    while process.isRunning, clock.now < deadline {
      try? await Task.sleep(for: .milliseconds(20))
    }
    process.signal(SIGKILL)
    process.waitForEnding()
    try? FileManager.default.removeItem(at: folder)
  }

  /// Resident memory in bytes.
  var residentBytes: Int {
    for line in read("status").split(separator: "\n") where line.hasPrefix("VmRSS:") {
      let words = line.split { $0 == " " || $0 == "\t" }
      return words.count > 1 ? (Int(words[1]) ?? 0) * 1024 : 0
    }
    return 0
  }

  /// User and system time of all threads, in nanoseconds.
  var cpuNanoseconds: Double { Double(load_process_nanoseconds(pid)) }

  private func read(_ file: String) -> String {
    guard let data = FileManager.default.contents(atPath: "/proc/\(pid)/\(file)") else { return "" }
    return String(decoding: data, as: UTF8.self)
  }
}
