import Glibc
import Synchronization

/// A seeded world of loops without threads, clocks or sockets: the same seed gives the same order
/// of everything, in the same build.
///
/// The actors, channels and connections that run in it are the product's own; only what turns the
/// loops differs. Tasks must begin inside a pinned actor's isolation, so that they never leave the
/// simulated loops. One thread uses a simulation at a time.
///
/// `@unchecked Sendable`: a simulation and everything on its loops run on the one thread that calls
/// ``run(stepsMax:until:)``.
public final class Simulation: @unchecked Sendable {
  /// The seed that decides everything.
  public let seed: UInt64
  /// The simulated loops.
  public private(set) var loops: [EventLoop] = []
  /// The simulated time.
  public private(set) var now = MonotonicInstant(nanoseconds: 1_000_000_000)
  private var running: EventLoop?
  private let thread = Atomic<UInt>(UInt(pthread_self()))
  private var random: SeededGenerator
  private var signalled: [[Stream]] = []
  private var needsTurn: [Bool] = []
  /// The open ends of connections, by number. Their streams hold them.
  struct OpenSocket {
    weak var end: SimulatedSocket?
  }

  var sockets: [Int32: OpenSocket] = [:]
  private var socketCount: Int32 = 0
  private var listeners: [UInt16: (loop: EventLoop, accepted: (Stream) -> Void)] = [:]

  /// A world of `loops` loops.
  ///
  /// - Parameter jobsPerTurn: a loop's budget in one turn; 1 finds what a large budget hides.
  public init(seed: UInt64, loops count: Int, jobsPerTurn: Int = 64) {
    self.seed = seed
    random = SeededGenerator(seed: seed)
    for index in 0..<count {
      loops.append(
        EventLoop(
          index: index, seed: random.next(), driver: .simulated(self), jobsPerTurn: jobsPerTurn))
      signalled.append([])
      needsTurn.append(false)
    }
  }

  /// Whether the calling thread is the one that last turned the simulation.
  var isOnItsThread: Bool { thread.load(ordering: .relaxed) == UInt(pthread_self()) }

  func isRunning(_ loop: EventLoop) -> Bool { isOnItsThread && running === loop }

  /// Runs `body` as if on `loop`.
  public func on<Result>(_ loop: EventLoop, _ body: () throws -> Result) rethrows -> Result {
    thread.store(UInt(pthread_self()), ordering: .relaxed)
    let before = running
    running = loop
    needsTurn[loop.index] = true
    defer { running = before }
    return try body()
  }

  /// Takes steps until `done` holds. Returns false when `stepsMax` have been taken, or nothing is
  /// left that could ever happen.
  public func run(stepsMax: Int, until done: () -> Bool) -> Bool {
    for _ in 0..<stepsMax {
      if done() { return true }
      if !step() { return done() }
    }
    return done()
  }

  /// One turn of one loop, or one jump of the clock. Returns false when nothing is left to do.
  ///
  /// - Parameter jumps: whether the clock may jump to the next timer when all loops wait.
  public func step(jumps: Bool = true) -> Bool {
    thread.store(UInt(pthread_self()), ordering: .relaxed)
    let ready = loops.indices.filter { index in
      needsTurn[index] || !signalled[index].isEmpty || loops[index].hasWaitingItems
    }
    guard let first = ready.first else { return jumps && advanceClock() }
    let index = ready.count == 1 ? first : ready[number(in: 0...(ready.count - 1))]
    let loop = loops[index]
    let before = running
    running = loop
    defer { running = before }
    // A little time passes in every turn.
    now = now + .microseconds(number(in: 1...50))
    loop.turnBegins()
    var streams: [Stream] = []
    swap(&streams, &signalled[index])
    for stream in streams { stream.simulatedReady() }
    needsTurn[index] = loop.turn()
    return true
  }

  private func advanceClock() -> Bool {
    let deadlines = loops.compactMap { loop in loop.nextDeadline.map { ($0, loop.index) } }
    guard let next = deadlines.min(by: { $0.0 < $1.0 }) else { return false }
    now = max(now, next.0)
    needsTurn[next.1] = true
    return true
  }

  // MARK: Network

  /// Accepts simulated connections to `port` on `loop`.
  public func listen(
    port: UInt16, on loop: EventLoop, accepted: @escaping (Stream) -> Void
  ) {
    listeners[port] = (loop, accepted)
  }

  /// Connects to a simulated listener.
  ///
  /// - Parameter capacity: the bytes in flight towards the client before the server's sends block.
  public func connect(
    port: UInt16, from loop: EventLoop, capacity: Int, delegate: any StreamDelegate
  ) -> Stream? {
    guard let listener = listeners[port] else { return nil }
    let near = SimulatedSocket(simulation: self, capacity: capacity)
    let far = SimulatedSocket(simulation: self, capacity: 64 * 1024)
    SimulatedSocket.connect(near, far)
    let client = Stream(simulated: near, loop: loop)
    client.delegate = delegate
    let server = Stream(simulated: far, loop: listener.loop)
    on(listener.loop) { listener.accepted(server) }
    return client
  }

  func nextSocketNumber() -> Int32 {
    socketCount += 1
    return socketCount
  }

  func send(_ bytes: Span<UInt8>, to socket: SocketHandle) -> Int {
    sockets[socket.number]?.end?.send(bytes) ?? -Int(EPIPE)
  }

  func signal(_ stream: Stream) {
    signalled[stream.loop.index].append(stream)
  }

  // MARK: Chance

  /// A number in `range`, decided by the seed.
  public func number(in range: ClosedRange<Int>) -> Int {
    Int.random(in: range, using: &random)
  }

  /// True so many times `in` so many, decided by the seed.
  public func chance(_ times: Int, in total: Int) -> Bool {
    number(in: 1...total) <= times
  }

  var wallMilliseconds: Int64 { 1_700_000_000_000 + Int64(now.nanoseconds / 1_000_000) }
}
