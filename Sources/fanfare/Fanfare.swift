import FanfareServer
import ServiceLifecycle
import UnixSignals
import Logging

@main
struct Fanfare {
  static func main() async throws {
    let settings = try Settings.load(file: nil, environment: [:], overrides: [])
    let server = try FanfareServer(settings)
    let group = ServiceGroup(
      services: [server], gracefulShutdownSignals: [.sigterm, .sigint],
      logger: Logger(label: "fanfare"))
    try await group.run()
  }
}
