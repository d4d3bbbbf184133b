/// The ways by which events leave the hub.
public enum Transport: Int, Sendable, CaseIterable {
  /// Server-Sent Events.
  case sse
  /// WebSocket.
  case webSocket
  /// Long poll, and single reads of history.
  case poll
  /// A follower in this process.
  case inProcess

  /// The transport's name in metrics and logs.
  public var name: String {
    switch self {
    case .sse: "sse"
    case .webSocket: "websocket"
    case .poll: "poll"
    case .inProcess: "in-process"
    }
  }
}

/// Why events were told missing to an attached follower.
public enum DropReason: Int, Sendable, CaseIterable {
  /// They left history before the follower read them.
  case history
  /// The namespace's policy made the follower jump.
  case dropOldest

  /// The reason's name in metrics.
  public var name: String {
    switch self {
    case .history: "history"
    case .dropOldest: "drop-oldest"
    }
  }
}

/// A histogram with fixed bounds, as Prometheus wants it.
public struct Histogram: Sendable, Equatable {
  /// The upper bounds, ascending; one more bucket takes what lies above the last.
  public let bounds: [Double]
  /// How many values fell into each bucket, not cumulated.
  public private(set) var counts: [UInt64]
  /// The sum of all values.
  public private(set) var sum = 0.0

  /// An empty histogram.
  public init(bounds: [Double]) {
    self.bounds = bounds
    counts = [UInt64](repeating: 0, count: bounds.count + 1)
  }

  /// Counts `value`.
  public mutating func observe(_ value: Double) {
    var bucket = 0
    while bucket < bounds.count, value > bounds[bucket] { bucket += 1 }
    counts[bucket] += 1
    sum += value
  }

  /// Adds what another histogram of the same bounds has counted.
  public mutating func add(_ other: Histogram) {
    for bucket in counts.indices { counts[bucket] += other.counts[bucket] }
    sum += other.sum
  }

  /// Bounds for numbers of events.
  public static let eventBounds: [Double] = [0, 1, 4, 16, 64, 256, 1024, 4096]
  /// Bounds for short times, in seconds.
  public static let secondBounds: [Double] = [
    0.000_1, 0.000_5, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5,
  ]
}

/// What one loop of the hub has counted. Plain numbers of the loop's own; a scrape adds them up.
public struct HubMetrics: Sendable {
  /// Events accepted, by namespace index.
  public var published: [UInt64]
  /// Events handed to the kernel or to a caller, by transport.
  public var deliveries = [UInt64](repeating: 0, count: Transport.allCases.count)
  /// Events told missing while attached, by namespace index and reason.
  public var dropped: [[UInt64]]
  /// Events told missing at attachment, by namespace index.
  public var missedOnAttach: [UInt64]
  /// Gaps told, at attachment and later, by namespace index.
  public var gapsTold: [UInt64]
  /// Attachments by the name of their verdict.
  public var attachments: [String: UInt64] = [
    "live": 0, "resumed": 0, "gap": 0, "reset": 0,
  ]
  /// Connections that the server ended, by reason.
  public var evictions: [EndReason: UInt64] = [:]
  /// The events in a mailbox, observed whenever some are added.
  public var mailboxDepth = Histogram(bounds: Histogram.eventBounds)
  /// How far a follower was behind when its socket took bytes again.
  public var lagEvents = Histogram(bounds: Histogram.eventBounds)
  /// The time from accepting an event to the last socket written.
  public var fanoutSeconds = Histogram(bounds: Histogram.secondBounds)
  /// How long the newest publish to a channel that this node follows took from the backplane's door
  /// to the feed; the longest of all loops.
  public var backplaneLagSeconds = 0.0
  /// Followers that are behind right now.
  public var followersBehind: UInt64 = 0
  /// Followers right now.
  public var followers: UInt64 = 0
  /// Channels open right now.
  public var channels: UInt64 = 0

  /// Nothing counted yet, in so many namespaces.
  public init(namespaces: Int) {
    let zeros = [UInt64](repeating: 0, count: namespaces)
    published = zeros
    missedOnAttach = zeros
    gapsTold = zeros
    dropped = Array(
      repeating: [UInt64](repeating: 0, count: DropReason.allCases.count), count: namespaces)
  }

  /// Adds what another loop has counted.
  public mutating func add(_ other: HubMetrics) {
    for index in published.indices {
      published[index] += other.published[index]
      missedOnAttach[index] += other.missedOnAttach[index]
      gapsTold[index] += other.gapsTold[index]
      for reason in dropped[index].indices {
        dropped[index][reason] += other.dropped[index][reason]
      }
    }
    for index in deliveries.indices { deliveries[index] += other.deliveries[index] }
    attachments.merge(other.attachments, uniquingKeysWith: +)
    evictions.merge(other.evictions, uniquingKeysWith: +)
    mailboxDepth.add(other.mailboxDepth)
    lagEvents.add(other.lagEvents)
    fanoutSeconds.add(other.fanoutSeconds)
    backplaneLagSeconds = max(backplaneLagSeconds, other.backplaneLagSeconds)
    followersBehind += other.followersBehind
    followers += other.followers
    channels += other.channels
  }
}
