import FanfareRuntime

/// Asks a node whether it is there, once.
actor NodeKnock {
  nonisolated let unownedExecutor: UnownedSerialExecutor
  private let connection: ClientConnection

  init(_ node: ServerURL, on loop: EventLoop, _ limits: ClientLimits) {
    unownedExecutor = loop.asUnownedSerialExecutor()
    connection = ClientConnection(node, on: loop, limits)
  }

  /// Why it does not answer; `nil` where it does, whatever it says.
  func answer() async -> ClientError? {
    var failure: ClientError?
    do throws(ClientError) {
      _ = try await connection.ask(
        ClientRequest(method: .get, target: "/healthz", fields: [], body: []))
      _ = try await connection.body()
    } catch {
      failure = error
    }
    await connection.close()
    return failure
  }
}
