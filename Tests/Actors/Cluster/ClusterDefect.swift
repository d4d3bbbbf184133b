import FanfareActors
import FanfareBackplane
import FanfareRuntime

/// Defects that nodes could have, put between them and their Redis: a world in which they go
/// unnoticed proves nothing.
enum ClusterDefect: CaseIterable {
  /// Once a feed is subscribed to again, nobody looks whether its log has gone on meanwhile.
  case skipsHeadCheck
  /// Nobody heeds that all logs began anew.
  case ignoresGeneration
  /// What is tried again is published again.
  case forgetsKeys

  /// Connects nodes that have the defect.
  func connector(_ inner: any RedisConnector) -> any RedisConnector {
    DefectiveConnector(defect: self, inner: inner)
  }

  /// What such nodes call a life of a log.
  func epoch(_ epoch: Epoch) -> Epoch {
    switch self {
    case .skipsHeadCheck, .forgetsKeys: epoch
    case .ignoresGeneration: Epoch(DefectiveNode.withoutGeneration(epoch.text)) ?? epoch
    }
  }
}

private struct DefectiveConnector: RedisConnector {
  let defect: ClusterDefect
  let inner: any RedisConnector
  /// What the links of one node know of each other, by its loop.
  private let nodes = Locked<[ObjectIdentifier: LoopConfined<DefectiveNode>]>([:])

  init(defect: ClusterDefect, inner: any RedisConnector) {
    self.defect = defect
    self.inner = inner
  }

  func connect(
    _ purpose: RedisPurpose, on loop: EventLoop, delegate: any RedisLinkDelegate
  ) -> any RedisLink {
    let node = nodes.withLock { nodes in
      let known =
        nodes[ObjectIdentifier(loop)] ?? LoopConfined(DefectiveNode(defect), to: loop)
      nodes[ObjectIdentifier(loop)] = known
      return known
    }
    let link = DefectiveLink(node.get, delegate)
    link.inner = inner.connect(purpose, on: loop, delegate: link)
    return link
  }
}

/// Stands between a node and one of its connections, in both directions.
private final class DefectiveLink: RedisLink, RedisLinkDelegate {
  var inner: (any RedisLink)?
  private let node: DefectiveNode
  private var delegate: (any RedisLinkDelegate)?

  init(_ node: DefectiveNode, _ delegate: any RedisLinkDelegate) {
    self.node = node
    self.delegate = delegate
  }

  func send(
    _ command: [[UInt8]], reply: @escaping (Result<RedisValue, RedisLost>) -> Void
  ) {
    let node = node
    inner?.send(node.sent(command)) { result in
      reply(result.map { node.received($0, to: command) })
    }
  }

  func subscribe(_ channels: [[UInt8]]) { inner?.subscribe(channels) }
  func unsubscribe(_ channels: [[UInt8]]) { inner?.unsubscribe(channels) }

  func close() {
    delegate = nil
    inner?.close()
  }

  func linkOpened(_ link: any RedisLink) { delegate?.linkOpened(self) }

  func link(_ link: any RedisLink, ended reason: RedisLost) {
    let delegate = delegate
    self.delegate = nil
    delegate?.link(self, ended: reason)
  }

  func link(_ link: any RedisLink, subscribed channel: [UInt8]) {
    node.subscribed(channel)
    delegate?.link(self, subscribed: channel)
  }

  func link(_ link: any RedisLink, received message: [UInt8], on channel: [UInt8]) {
    delegate?.link(self, received: node.received(message, on: channel), on: channel)
  }
}
