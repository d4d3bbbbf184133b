import FanfareActors
import FanfareRuntime

/// One follower of a verification: it follows its channels on one node after another, by its
/// cursor, and holds what it is told against the promise.
actor VerifyFollower {
  enum Way: String, Sendable, CaseIterable {
    case sse
    case webSocket = "websocket"
    case poll
  }

  /// What it has come to.
  struct Standing: Sendable {
    let accounts: [String: PromiseAudit.Account]
    let isAttached: Bool
    let reconnects: Int
    let faults: [String]
  }

  private static let faultsMax = 5
  /// The longest pause before the next node is tried; the node that failed is not tried at once.
  private static let pauseMax = 300

  nonisolated let way: Way
  private let name: String
  private let channels: [ChannelName]
  private let nodes: [ServerURL]
  private let loop: EventLoop
  private let limits: ClientLimits
  private var witness: FollowerWitness
  private var cursor: String?
  private var place: Int
  private var reconnects = 0
  private var faults: [String] = []
  private var isOver = false
  private var current: ClientFollower?
  private var poll: PollFollower?

  /// - Parameter hear: is given every event, and says what is wrong with it.
  init(
    _ number: Int, _ way: Way, _ channels: [ChannelName], nodes: [ServerURL], on loop: EventLoop,
    _ limits: ClientLimits, hear: @escaping @Sendable (ReceivedEvent, Position) -> String?
  ) {
    name = "follower \(number) (\(way.rawValue))"
    self.way = way
    self.channels = channels
    self.nodes = nodes
    place = number % nodes.count
    self.loop = loop
    self.limits = limits
    witness = FollowerWitness(channels.map(\.text), hear: hear)
  }

  var standing: Standing {
    Standing(
      accounts: witness.audit.accounts, isAttached: witness.audit.isAttached,
      reconnects: reconnects, faults: faults)
  }

  /// Returns when all of them have had every first verdict.
  static func attach(_ crowd: [VerifyFollower]) async throws {
    let clock = ContinuousClock()
    let deadline = clock.now + .seconds(20)
    while true {
      var attached = 0
      for follower in crowd {
        let standing = await follower.standing
        if standing.isAttached { attached += 1 }
        if let fault = standing.faults.first { throw ClientError.notUnderstood(fault) }
      }
      if attached == crowd.count { return }
      guard clock.now < deadline else {
        throw ClientError.unreachable(
          "only \(attached) of \(crowd.count) followers could attach within 20 seconds")
      }
      try await Task.sleep(for: .milliseconds(20))
    }
  }

  /// Follows until ``end()``, or until something is wrong.
  func run() async {
    var isFirst = true
    while !isOver, faults.isEmpty {
      if !isFirst {
        reconnects += 1
        place = (place + 1) % nodes.count
        try? await Task.sleep(for: .milliseconds(Int.random(in: 20...Self.pauseMax)))
      }
      isFirst = false
      if let fault = witness.connects(with: cursor) {
        fail(fault)
        continue
      }
      switch way {
      case .sse, .webSocket: await stream()
      case .poll: await pollOn()
      }
    }
  }

  func end() async {
    isOver = true
    await current?.close()
    await poll?.close()
  }

  private func stream() async {
    var request = FollowerRequest(channels)
    request.cursor = cursor
    request.transport = way == .webSocket ? .webSocket : .eventStream
    let follower = ClientFollower(nodes[place], request, on: loop, limits: limits)
    current = follower
    var goesOn = true
    while goesOn, !isOver {
      do throws(ClientError) {
        guard let news = try await follower.next() else { break }
        for item in news {
          if case .apart = item { goesOn = false }
          if case .over = item { fail("was told that its channels are over") }
          note(item)
        }
      } catch {
        fail("\(error)")
      }
      cursor = await follower.cursor
      if !faults.isEmpty { goesOn = false }
    }
    await follower.close()
    current = nil
  }

  private func pollOn() async {
    let follower = PollFollower(nodes[place], channels, after: cursor, on: loop, limits: limits)
    poll = follower
    while !isOver, faults.isEmpty {
      do throws(ClientError) {
        for item in try await follower.next() { note(item) }
        cursor = await follower.cursor
        // From here on every answer is judged by a cursor.
        if let fault = witness.connects(with: cursor) { fail(fault) }
      } catch {
        if !error.mayPass, !isOver { fail("\(error)") }
        break
      }
    }
    await follower.close()
    poll = nil
  }

  private func note(_ item: FollowerNews) {
    for fault in witness.note(item) { fail(fault) }
  }

  private func fail(_ fault: String) {
    guard !isOver, faults.count < Self.faultsMax else { return }
    faults.append("\(name) on \(nodes[place]): \(fault)")
  }
}
