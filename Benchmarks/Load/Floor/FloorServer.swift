import FanfareRuntime

/// The connections of the floor: those that follow, and what is sent to all of them. Loop-confined.
final class FloorServer {
  private(set) var offset: UInt64 = 0
  private var listener: Listener?
  private var connections: [ObjectIdentifier: FloorConnection] = [:]
  private var followers: [Stream] = []
  private var frames: [UInt8] = []

  func listen(_ address: SocketAddress, on loop: EventLoop) throws(RuntimeError) {
    listener = try Listener(
      address, on: loop,
      accepted: { [unowned self] stream in
        let connection = FloorConnection(self)
        connections[ObjectIdentifier(stream)] = connection
        stream.delegate = connection
      }, failed: { _ in })
  }

  func follow(_ stream: Stream) { followers.append(stream) }

  func forget(_ stream: Stream) {
    connections[ObjectIdentifier(stream)] = nil
    followers.removeAll { $0 === stream }
  }

  /// Sends every event of a publish's body to everyone, in one send each. Returns how many there
  /// were.
  func publish(_ body: [UInt8]) -> Int {
    frames.removeAll(keepingCapacity: true)
    var count = 0
    for line in body.split(separator: UInt8(ascii: "\n")) {
      offset += 1
      count += 1
      frames.append(contentsOf: "id: \(offset).floor\nevent: load\ndata: ".utf8)
      // Behind `{"type":"load","data":` and before the last brace.
      frames.append(contentsOf: line.dropFirst(22).dropLast())
      frames.append(contentsOf: "\n\n".utf8)
    }
    let frames = frames
    for follower in followers { _ = follower.send(frames.span) }
    return count
  }
}
