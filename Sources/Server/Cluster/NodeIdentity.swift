import FanfareActors
import FanfareRuntime

/// What a node says of itself to the others, and to operators. Any thread.
final class NodeIdentity: Sendable {
  /// Its name among the nodes: random, new at every start.
  let id: String
  private let started: Int64
  private let connections: NodeConnections
  private let state = Locked((address: "", isDraining: false))

  init(startMilliseconds: Int64, connections: NodeConnections) {
    id = String(UInt64.random(in: 2_176_782_336..<78_364_164_096), radix: 36)
    started = startMilliseconds
    self.connections = connections
  }

  func listens(on address: String) {
    state.withLock { $0.address = address }
  }

  func drains() {
    state.withLock { $0.isDraining = true }
  }

  /// A JSON object.
  func json() -> [UInt8] {
    let (address, isDraining) = state.withLock { $0 }
    var writer = JSONWriter()
    writer.beginObject()
    writer.member("address", address)
    writer.member("version", FanfareVersion.text)
    var time: [UInt8] = []
    Timestamp.append(milliseconds: started, to: &time)
    writer.member("started", String(decoding: time, as: UTF8.self))
    writer.member("connections", connections.openCount)
    writer.key("draining")
    writer.bool(isDraining)
    writer.endObject()
    return writer.bytes
  }
}
