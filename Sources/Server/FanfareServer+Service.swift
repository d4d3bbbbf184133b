import ServiceLifecycle

extension FanfareServer: Service {
  /// Starts the server, serves until the service group shuts down, and stops it.
  public func run() async throws {
    try await start()
    try? await gracefulShutdown()
    await stop()
  }
}
