import FanfareActors
import FanfareRuntime
import FanfareTestKit

@testable import FanfareBackplane

/// One channel on several nodes of a Redis to which things happen.
struct FaultedChannel {
  let name: ChannelName
  let nodes: [RedisNode]

  init(_ name: String, _ nodes: [RedisNode]) throws {
    guard let name = ChannelName(name) else { throw ClientFailure.malformed(name) }
    self.name = name
    self.nodes = nodes
  }

  /// A channel that the only node of a new Redis follows.
  static func followed(
    _ options: [String] = [], loops: Int = 1
  ) async throws -> (RedisServer, RedisNode, FaultedChannel) {
    let server = try await RedisServer.start(options)
    let node = try await RedisNode.start(server.url, id: "one", loops: loops)
    let channel = try FaultedChannel("project:1", [node])
    try await channel.follow()
    return (server, node, channel)
  }

  /// On every node.
  func follow() async throws {
    for node in nodes { _ = try await node.side(of: name).follow(name) }
  }

  func state() async throws -> LogState {
    try await nodes[0].side(of: name).state(of: name)
  }

  @discardableResult
  func publish(_ count: Int, from index: Int = 0) async throws -> [Position] {
    let drafts = (0..<count).map { Draft(type: .agentProgress, data: Array("\($0)".utf8)) }
    return try await nodes[index].side(of: name).publish(drafts, to: name).get()
  }

  func tryPublish() async -> Result<[Position], PublishError> {
    guard let side = try? nodes[0].side(of: name) else { return .failure(.tooManyChannels) }
    return await side.publish([Draft(type: .agentProgress, data: [0x31])], to: name)
  }

  /// Whether every node was told that the log began anew.
  var isRestarted: Bool {
    nodes.allSatisfy { $0.feed.record(name)?.restarts.isEmpty == false }
  }

  /// What the first node was fed, once that is all there is.
  @discardableResult
  func caughtUp() async throws -> RecordedFeed.Record {
    try await allCaughtUp()[0]
  }

  func allCaughtUp() async throws -> [RecordedFeed.Record] {
    var records: [RecordedFeed.Record] = []
    let state = try await state()
    for node in nodes {
      let end = Position(offset: state.head, epoch: state.epoch)
      let isThere = await Deadline().holds { node.feed.record(name)?.position == end }
      guard isThere, let record = node.feed.record(name) else {
        throw ClientFailure.timedOut(
          "\(end), at \(String(describing: node.feed.record(name)?.position)): \(node.seen)")
      }
      records.append(record)
    }
    return records
  }
}

extension RedisEvent {
  func isLoss(of purpose: RedisPurpose) -> Bool {
    if case .lost(purpose, _, _) = self { true } else { false }
  }
}
