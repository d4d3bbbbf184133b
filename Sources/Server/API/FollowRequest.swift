import FanfareActors
import FanfareRuntime

/// What a request to follow or to read asks for, on any of the HTTP transports.
struct FollowRequest: Sendable {
  let follows: [Follow]
  let filter: TypeFilter?
  let format: SSEFormat
  /// Whether the client brought a cursor of its own.
  let isResuming: Bool
  /// Whether nothing in the query asks for events of the past, for a wait or for a limit.
  let asksOnlyToFollow: Bool
  var wait: Duration
  let eventsMax: Int

  init(_ head: RequestHead, _ endpoint: Endpoint, _ limits: Limits) throws(Problem) {
    let query = try Query(head.target)
    let channels = try Self.channels(endpoint, query, limits)
    let starts = try Self.starts(head, query, channels, otherwise: endpoint.start)
    isResuming = starts.contains { start in
      switch start {
      case .after, .malformed: true
      case .live, .oldest, .last: false
      }
    }
    follows = zip(channels, starts).map { Follow(channel: $0, start: $1) }
    filter = try Self.filter(query)
    format = try Self.format(query, endpoint)
    asksOnlyToFollow = ["after", "last", "limit", "wait"].allSatisfy { query[$0] == nil }
    eventsMax =
      try query.number("limit", in: 1...limits.pollEventsMax) ?? limits.pollEventsMax
    let seconds = try query.number("wait", in: 0...86_400) ?? 0
    wait = min(.seconds(seconds), limits.pollWaitMax)
  }

  private static func channels(
    _ endpoint: Endpoint, _ query: Query, _ limits: Limits
  ) throws(Problem) -> [ChannelName] {
    let channelsMax: Int
    switch endpoint {
    case .channelEvents(let channel), .updates(let channel): return [channel]
    case .jobs(.jobEvents(let job)):
      guard let channel = JobChannels.channel(of: job) else { throw .noSuchJob }
      return [channel]
    case .webSocket:
      // Others may be subscribed to later.
      guard query["channels"] != nil else { return [] }
      channelsMax = limits.channelsPerConnectionMax
    default: channelsMax = limits.channelsPerStreamMax
    }
    guard let text = query["channels"], !text.isEmpty else {
      throw .malformedQuery("Name the channels to follow: ?channels=project:1,project:2.")
    }
    var channels: [ChannelName] = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      guard let name = ChannelName(String(part)) else {
        throw Problem(
          400, "bad-channel", "Mend the names in channels: \(ChannelName.rule).")
      }
      guard !channels.contains(name) else {
        throw .malformedQuery("Name each channel only once; \(name) stands there twice.")
      }
      guard channels.count < channelsMax else {
        throw Problem(
          422, "too-many-channels",
          "Follow at most \(channelsMax) channels on one connection of this kind.")
      }
      channels.append(name)
    }
    return channels
  }

  /// Where each channel begins. The header that a browser sends on its own wins over `after`, which
  /// it repeats from the first connect; malformed it is `reset`, because an error status would end
  /// the `EventSource` for good.
  private static func starts(
    _ head: RequestHead, _ query: Query, _ channels: [ChannelName], otherwise start: StartPoint
  ) throws(Problem) -> [StartPoint] {
    if let header = head.first("last-event-id"), !header.isEmpty {
      guard let cursor = Cursor(header, for: channels) else {
        return channels.map { _ in .malformed }
      }
      return cursor.starts
    }
    let last = try query.number("last", in: 0...1_000_000)
    guard let after = query["after"] else {
      return channels.map { _ in last.map { .last($0) } ?? start }
    }
    guard last == nil else {
      throw .malformedQuery("Give either after or last, not both.")
    }
    if after == "oldest" { return channels.map { _ in .oldest } }
    guard let cursor = Cursor(after, for: channels) else {
      throw Problem(
        400, "bad-cursor",
        "Give after as oldest, or as a cursor that this server handed out for the same channels "
          + "in the same order; - stands for none yet.")
    }
    return cursor.starts
  }

  private static func filter(_ query: Query) throws(Problem) -> TypeFilter? {
    guard let text = query["types"] else { return nil }
    guard let filter = TypeFilter(text) else {
      throw .malformedQuery("Mend types: \(TypeFilter.rule).")
    }
    return filter
  }

  private static func format(
    _ query: Query, _ endpoint: Endpoint
  ) throws(Problem) -> SSEFormat {
    var content: EventContent
    switch endpoint {
    case .channelEvents, .updates, .jobs: content = .data
    default: content = .event
    }
    if let text = query["format"] {
      guard let asked = EventContent(rawValue: text) else {
        throw .malformedQuery("Give format as event or data.")
      }
      content = asked
    }
    let named = try query.number("named", in: 0...1) ?? 1
    return SSEFormat(content: content, isNamed: named == 1)
  }
}

extension Endpoint {
  /// Where a follower begins that does not say: the few events of a job are told from the first.
  fileprivate var start: StartPoint {
    if case .jobs = self { .oldest } else { .live }
  }
}

extension Cursor {
  fileprivate var starts: [StartPoint] { positions.map { $0.map { .after($0) } ?? .live } }
}
