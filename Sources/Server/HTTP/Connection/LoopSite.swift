import FanfareActors
import FanfareRuntime
import Logging
import Synchronization

/// The connections of a whole node, counted across its loops.
final class NodeConnections: Sendable {
  private let open = Atomic<Int>(0)
  private let peak = Atomic<Int>(0)
  private let ids = Atomic<UInt64>(0)

  /// One more connection; its number among those open.
  func enter() -> Int {
    let count = open.wrappingAdd(1, ordering: .relaxed).newValue
    peak.max(count, ordering: .relaxed)
    return count
  }

  func leave() { open.subtract(1, ordering: .relaxed) }

  func nextID() -> UInt64 { ids.wrappingAdd(1, ordering: .relaxed).newValue }

  var openCount: Int { open.load(ordering: .relaxed) }
  var peakCount: Int { peak.load(ordering: .relaxed) }
}

/// One loop's part of the server: its listener, its connections, its numbers. Loop-confined.
final class LoopSite: TurnParticipant {
  /// The connections past the bound that are answered before they are closed; more are closed
  /// unread.
  static let overLimitMax = 256

  let loop: EventLoop
  let hubLoop: HubLoop
  let limits: Limits
  private(set) var admission: RequestAdmission
  let events: EventsAPI
  let operators: OperatorAPI
  /// `nil` on a node without jobs.
  let jobs: JobsAPI?
  var metrics = SiteMetrics()
  /// Compresses WebSocket messages; `nil` where the memory for it cannot be had.
  private(set) lazy var deflate = MessageDeflate().map { LoopConfined($0, to: loop) }
  private(set) var isDraining = false
  private var drain: Drain?
  private let node: NodeConnections
  private let logger: Logger
  private var listener: Listener?
  /// Those of open connections, each at its ``ConnectionRecord/slot``.
  private var slots: [ConnectionRecord?] = []
  private var freeSlots: [UInt32] = []
  private var gathering: [Connection] = []
  private var isParticipating = false
  private var dateSeconds: Int64 = -1
  private var dateText = ""

  init(
    loop: EventLoop, hubLoop: HubLoop, admission: RequestAdmission, events: EventsAPI,
    operators: OperatorAPI, jobs: JobsAPI? = nil, node: NodeConnections, logger: Logger
  ) {
    self.loop = loop
    self.hubLoop = hubLoop
    self.admission = admission
    limits = admission.limits
    self.events = events
    self.operators = operators
    self.jobs = jobs
    self.node = node
    self.logger = logger
  }

  // MARK: Accepting

  /// Listens, and returns the address with the port that the system chose.
  func listen(_ address: SocketAddress) throws(RuntimeError) -> SocketAddress {
    let listener = try Listener(
      address, on: loop,
      accepted: { [unowned self] in accept($0) },
      failed: { [unowned self] error in
        metrics.errors["tcp", "accept"] += 1
        log(.warning, "cannot accept connections") { ["error": "\(error)"] }
      })
    self.listener = listener
    let bound = listener.address ?? address
    admission.policy.listenPorts = [Int(bound.port)]
    return bound
  }

  func accept(_ stream: Stream) {
    let count = node.enter()
    guard count <= limits.connectionsMax + Self.overLimitMax, !isDraining else {
      node.leave()
      metrics.errors["tcp", isDraining ? "draining" : "too-many-connections"] += 1
      return stream.close()
    }
    let record = ConnectionRecord(id: node.nextID(), peer: stream.peer, site: self)
    if let slot = freeSlots.popLast() {
      record.slot = slot
      slots[Int(slot)] = record
    } else {
      record.slot = UInt32(slots.count)
      slots.append(record)
    }
    metrics.open[ConnectionRecord.Kind.http.rawValue] += 1
    metrics.opened[ConnectionRecord.Kind.http.rawValue][0] += 1
    let connection = Connection(
      stream: stream, site: LoopConfined(self, to: loop),
      record: LoopConfined(record, to: loop), isOverLimit: count > limits.connectionsMax)
    record.connection = connection
    stream.delegate = connection
    connection.assumeIsolated { $0.begin() }
  }

  func forget(_ record: ConnectionRecord) {
    let slot = Int(record.slot)
    guard slots[slot] === record else { return }
    slots[slot] = nil
    freeSlots.append(record.slot)
    node.leave()
  }

  /// The open connections, in the order in which they came.
  private var records: [ConnectionRecord] {
    slots.compactMap { $0 }.sorted { $0.id < $1.id }
  }

  // MARK: Pipelined answers

  /// `connection` has answers to send at the end of this turn.
  func sendsLater(_ connection: Connection) {
    if !isParticipating { loop.addTurnParticipant(self, isFirst: true) }
    isParticipating = true
    gathering.append(connection)
  }

  func endOfTurn() -> Bool {
    guard !gathering.isEmpty else { return false }
    var connections: [Connection] = []
    swap(&connections, &gathering)
    for connection in connections { connection.assumeIsolated { $0.sendGathered() } }
    return false
  }

  // MARK: Stopping

  /// Stops accepting, closes what is idle, and lets all others end over `window`: followers are
  /// told to come back later, polls that wait are answered, answers under way are finished.
  func drain(over window: Duration) {
    isDraining = true
    listener?.close()
    listener = nil
    let open = records.filter { !$0.closesIfIdle() }
    let drain = Drain(open, of: self, window: window, clients: node.openCount)
    self.drain = drain
    drain.begin()
  }

  /// Ends what has not ended by itself.
  func endAll() {
    for record in records {
      record.subscriber?.end(.shutdown)
      record.connection?.assumeIsolated { $0.close(.serverStopped) }
      record.echo?.close(.serverStopped)
    }
  }

  // MARK: What answers need

  /// A jittered time after which a client may come back, so that not all come at once.
  func retry() -> Duration {
    .milliseconds(Int64.random(in: 1_000...4_000, using: &loop.random))
  }

  /// The `Date` of an answer, made once a second.
  func date() -> String {
    let seconds = loop.wallMilliseconds() / 1000
    if seconds != dateSeconds {
      dateSeconds = seconds
      dateText = HTTPDate.imfFixdate(unixSeconds: Int(seconds))
    }
    return dateText
  }

  func log(_ level: Logger.Level, _ message: Logger.Message, _ metadata: () -> Logger.Metadata) {
    guard level >= logger.logLevel else { return }
    logger.log(level: level, message, metadata: metadata())
  }

  // MARK: Operators

  func summaries(after id: UInt64, limit: Int) -> [ConnectionSummary] {
    records.filter { $0.id > id }.prefix(limit).map { record in
      ConnectionSummary(
        id: record.id, transport: record.kind.name, peer: record.peer,
        seconds: (loop.now - record.openedAt).inSeconds,
        channels: record.channels.map(\.text),
        delivered: record.subscriber?.deliveredCount ?? 0,
        dropped: record.subscriber?.dropped ?? 0, lag: record.subscriber?.lag ?? 0)
    }
  }
}
