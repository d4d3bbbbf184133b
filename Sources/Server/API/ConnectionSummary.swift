/// One open connection, as operators see it.
struct ConnectionSummary: Sendable {
  let id: UInt64
  let transport: String
  let peer: String
  let seconds: Double
  let channels: [String]
  /// Events handed to its socket.
  let delivered: UInt64
  /// Events told missing while it was attached.
  let dropped: UInt64
  /// Events that wait for it.
  let lag: UInt64
}
