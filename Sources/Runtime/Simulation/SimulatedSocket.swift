import Glibc

/// One end of a simulated TCP connection: bytes in flight are bounded as a kernel's buffers are, a
/// send may take only a part, and the simulation's seed decides how much and when.
final class SimulatedSocket {
  private let simulation: Simulation
  /// Names it in its simulation.
  let number: Int32
  weak var stream: Stream?
  private weak var peer: SimulatedSocket?
  private var arrived: [UInt8] = []
  private let capacity: Int
  private var peerFinished = false
  private var failure: Int32?
  private var isClosed = false
  /// Whether the owner has been told that something changed and has not looked yet.
  private var isSignalled = false

  init(simulation: Simulation, capacity: Int) {
    self.simulation = simulation
    self.capacity = capacity
    number = simulation.nextSocketNumber()
    simulation.sockets[number] = Simulation.OpenSocket(end: self)
  }

  static func connect(_ one: SimulatedSocket, _ other: SimulatedSocket) {
    one.peer = other
    other.peer = one
  }

  var canSend: Bool {
    guard let peer, !peer.isClosed else { return true }
    return peer.arrived.count < peer.capacity
  }

  var inputEnd: StreamEnd? {
    if let failure { return .failed(failure) }
    return peerFinished && arrived.isEmpty ? .finished : nil
  }

  /// As the system call: the bytes taken, or the negative error number.
  func send(_ bytes: Span<UInt8>) -> Int {
    guard failure == nil, let peer, !peer.isClosed else { return -Int(EPIPE) }
    let room = peer.capacity - peer.arrived.count
    guard room > 0 else { return -Int(EAGAIN) }
    guard bytes.count > 0 else { return 0 }
    var count = min(room, bytes.count)
    // Now and then the kernel takes less than it could.
    if count > 1, simulation.chance(1, in: 4) { count = simulation.number(in: 1...count) }
    for index in 0..<count { peer.arrived.append(bytes[index]) }
    peer.signal()
    return count
  }

  func receive(atMost limit: Int) -> [UInt8] {
    guard !arrived.isEmpty else { return [] }
    var count = min(limit, arrived.count)
    if count > 1, simulation.chance(1, in: 4) { count = simulation.number(in: 1...count) }
    let bytes = Array(arrived[..<count])
    arrived.removeFirst(count)
    if !arrived.isEmpty { signal() }
    peer?.signal()
    return bytes
  }

  func finishSending() {
    peer?.peerFinished = true
    peer?.signal()
  }

  func close() {
    guard !isClosed else { return }
    isClosed = true
    simulation.sockets[number] = nil
    guard let peer else { return }
    // As TCP does: unread input turns the end into a reset.
    if arrived.isEmpty { peer.peerFinished = true } else { peer.failure = ECONNRESET }
    arrived = []
    peer.signal()
  }

  private func signal() {
    guard !isSignalled, !isClosed, let stream else { return }
    isSignalled = true
    simulation.signal(stream)
  }

  /// The owner is looking: what happens from now on is told anew.
  func looked() { isSignalled = false }

  /// The owner has room again: what arrived while it had none is told once more.
  func readOn() {
    if !arrived.isEmpty || peerFinished || failure != nil { signal() }
  }
}
