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
  /// How far the clock on the wall has been set from where it would be: forwards, or back.
  public var wallShift = Duration.zero
  private var running: EventLoop?
  private let thread = Atomic<UInt>(UInt(pthread_self()))
  private var random: SeededGenerator
  private let jobsPerTurn: Int
  private var signalled: [[Stream]] = []
  private var needsTurn: [Bool] = []
  private var isCrashed: [Bool] = []
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
    self.jobsPerTurn = jobsPerTurn
    random = SeededGenerator(seed: seed)
    addLoops(count)
  }

  /// Starts one more process of so many loops, each of which knows its place among them.
  @discardableResult
  public func addLoops(_ count: Int) -> [EventLoop] {
    let process = (0..<count).map { index in
      EventLoop(
        index: index, seed: random.next(), driver: .simulated(self, place: loops.count + index),
        jobsPerTurn: jobsPerTurn)
    }
    loops += process
    for _ in process {
      signalled.append([])
      needsTurn.append(false)
      isCrashed.append(false)
    }
    return process
  }

  /// The process of these loops ends on the spot: nothing on them runs any more, nobody listens,
  /// and their connections end as the kernel ends them.
  public func crash(_ process: [EventLoop]) {
    for loop in process { isCrashed[place(of: loop)] = true }
    listeners = listeners.filter { !isCrashed[place(of: $0.value.loop)] }
    for (_, socket) in sockets.sorted(by: { $0.key < $1.key }) {
      guard let end = socket.end, let loop = end.stream?.loop, isCrashed[place(of: loop)] else {
        continue
      }
      end.close()
    }
  }

  private func place(of loop: EventLoop) -> Int {
    guard case .simulated(_, let place) = loop.driver else {
      preconditionFailure("\(loop.name) is not of this simulation")
    }
    return place
  }

  /// Whether the calling thread is the one that last turned the simulation.
  var isOnItsThread: Bool { thread.load(ordering: .relaxed) == UInt(pthread_self()) }

  func isRunning(_ loop: EventLoop) -> Bool { isOnItsThread && running === loop }

  /// Runs `body` as if on `loop`.
  public func on<Result>(_ loop: EventLoop, _ body: () throws -> Result) rethrows -> Result {
    thread.store(UInt(pthread_self()), ordering: .relaxed)
    let before = running
    running = loop
    needsTurn[place(of: loop)] = true
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
    var ready = 0
    for index in loops.indices where isReady(index) { ready += 1 }
    guard ready > 0 else { return jumps && advanceClock() }
    var choice = ready == 1 ? 0 : number(in: 0...(ready - 1))
    var index = 0
    while !isReady(index) || choice > 0 {
      if isReady(index) { choice -= 1 }
      index += 1
    }
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

  private func isReady(_ index: Int) -> Bool {
    guard !isCrashed[index] else { return false }
    return needsTurn[index] || !signalled[index].isEmpty || loops[index].hasWaitingItems
  }

  private func advanceClock() -> Bool {
    var next: (deadline: MonotonicInstant, index: Int)?
    for index in loops.indices where !isCrashed[index] {
      guard let deadline = loops[index].nextDeadline else { continue }
      if next.map({ deadline < $0.deadline }) ?? true { next = (deadline, index) }
    }
    guard let next else { return false }
    now = max(now, next.deadline)
    needsTurn[next.index] = true
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
    signalled[place(of: stream.loop)].append(stream)
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

  var wallMilliseconds: Int64 {
    1_700_000_000_000 + Int64(now.nanoseconds / 1_000_000) + wallShift.milliseconds
  }
}
