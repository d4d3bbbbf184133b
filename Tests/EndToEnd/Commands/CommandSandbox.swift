import FanfareActors
import FanfareServer
import Foundation

/// What the tests of commands need around them.
enum CommandSandbox {
  /// A server in this process, on a free port or on `port`.
  static func server(
    port: Int = 0, _ configure: (inout Settings) -> Void = { _ in }
  ) async throws -> (server: FanfareServer, address: String) {
    var settings = try Settings.load(
      file: "/dev/null", environment: [:], overrides: [("log.level", "error")])
    settings.listen = ListenAddress(host: "127.0.0.1", port: port)
    settings.loops = .exactly(2)
    settings.jobs.store = .off
    settings.namespaceDefaults.historyEventsMax = 10_000
    configure(&settings)
    let server = try FanfareServer(settings)
    try await server.start()
    return (server, server.address ?? "")
  }

  static func port(of address: String) -> Int {
    Int(address.split(separator: ":").last ?? "") ?? 0
  }

  /// A path in a directory of its own, which `work` may fill.
  static func withDirectory(_ work: (URL) async throws -> Void) async throws {
    let directory = FileManager.default.temporaryDirectory
      .appendingPathComponent("fanfare-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    try await work(directory)
  }

  /// The events that `channel` retains.
  static func events(of channel: String, _ server: FanfareServer, count: Int) async throws
    -> [Event]
  {
    var events: [Event] = []
    for try await item in try server.follow([channel], from: .oldest) {
      if case .event(let event) = item { events.append(event) }
      if events.count >= count { break }
    }
    return events
  }
}
