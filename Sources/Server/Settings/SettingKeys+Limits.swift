import FanfareRuntime

extension SettingKeys {
  /// The bounds that keep memory and time bounded whatever clients do.
  static let limits: [SettingKey<Settings>] =
    requestLimits + nodeLimits + connectionLimits + pollLimits + publishLimits + jobLimits

  private static let requestLimits: [SettingKey<Settings>] = [
    SettingKey(
      "limits.event-data", \.limits.eventDataBytesMax, .bytes(kib...16 * mib),
      "The bytes of one event's `data`.",
      atBound: "The publish is refused with 413."),
    SettingKey(
      "limits.request-head", \.limits.requestHeadBytesMax, .bytes(kib...64 * kib),
      "The bytes of a request's line and header fields together.",
      atBound: "The request is refused with 431."),
    SettingKey(
      "limits.publish-body", \.limits.publishBodyBytesMax, .bytes(kib...256 * mib),
      "The bytes of a publish body after chunked decoding. At least `limits.event-data`.",
      atBound: "The publish is refused with 413."),
    SettingKey(
      "limits.publish-lines", \.limits.publishLinesMax, .count(1...100_000),
      "The events in one NDJSON publish.",
      atBound: "The publish is refused with 413."),
    SettingKey(
      "limits.channels-per-connection", \.limits.channelsPerConnectionMax, .count(1...10_000),
      "The channels that one connection may follow.",
      atBound: "The next one is refused with 422."),
    SettingKey(
      "limits.channels-per-stream", \.limits.channelsPerStreamMax, .count(1...128),
      """
      The channels that one SSE stream or long poll may follow. Its cursor travels in a header \
      field and grows with every channel. At most `limits.channels-per-connection`.
      """,
      atBound: "The request is refused with 422."),
  ]

  private static let nodeLimits: [SettingKey<Settings>] = [
    SettingKey(
      "limits.connections", \.limits.connectionsMax, .count(1...10_000_000),
      "The connections that the node holds at once. The system's limit of open files binds too.",
      atBound: "The next connection is answered, asked to come back, and closed."),
    SettingKey(
      "limits.channels", \.limits.channelsMax, .count(1...10_000_000),
      "The channels that the node holds at once.",
      atBound: "A publish or a follow that needs one more gets 503."),
    SettingKey(
      "limits.dormant-channels", \.limits.dormantChannelsMax, .count(1...100_000_000),
      "The channels whose head and epoch one loop remembers, with events or without.",
      atBound: """
        The least recently used without events are forgotten. A cursor from before then gets the \
        verdict `reset`.
        """),
  ]

  private static let connectionLimits: [SettingKey<Settings>] = [
    SettingKey(
      "limits.header-read", \.limits.headReadTimeout, .duration(brief ... .seconds(600)),
      "The time a client has to send a whole request head.",
      atBound: "The request is refused with 408 and the connection is closed."),
    SettingKey(
      "limits.body-read", \.limits.bodyReadTimeout, .duration(brief ... .seconds(3_600)),
      "The time a client has to send a whole request body.",
      atBound: "The request is refused with 408 and the connection is closed."),
    SettingKey(
      "limits.keep-alive", \.limits.keepAliveTimeout, .duration(brief ... .seconds(3_600)),
      """
      The time a connection may stay open without a request. A little more than a proxy in front \
      keeps its own, so that the proxy never sends into a connection that is being closed.
      """,
      atBound: "The connection is closed."),
    SettingKey(
      "limits.write-deadline", \.limits.writeDeadline, .duration(brief ... .seconds(300)),
      "How long a socket may accept no byte before one write deadline has passed.",
      atBound: "It is counted; `limits.write-deadlines` says what follows."),
    SettingKey(
      "limits.write-deadlines", \.limits.writeDeadlinesMax, .count(1...100),
      "The write deadlines in a row that may pass.",
      atBound: "The connection is evicted as `stalled`. The client resumes with its cursor."),
    SettingKey(
      "limits.websocket-messages", \.limits.webSocketMessagesMax, .count(1...1_000_000),
      "The messages that one WebSocket client may send in a second.",
      atBound: "More are told 429 and not read; a client that goes on is closed with 1008."),
    SettingKey(
      "limits.stalled-frames", \.limits.stalledFrameBytesMax, .bytes(64 * kib...16 * gib),
      """
      The bytes of unfinished frames that one loop keeps for blocked sockets. At least \
      `limits.event-data`.
      """,
      atBound: "The connection that would need more is evicted as `stalled-frames`."),
    SettingKey(
      "limits.control-lane", \.limits.controlLaneBytesMax, .bytes(kib...64 * mib),
      """
      The bytes of control messages (verdicts, gaps, byes) that wait on one connection. At least \
      512 for each of `limits.channels-per-connection`, so that every verdict of an attachment fits.
      """,
      atBound: "The connection is ended: control messages are never dropped."),
  ]

  private static let pollLimits: [SettingKey<Settings>] = [
    SettingKey(
      "limits.poll-answer", \.limits.pollAnswerBytesMax, .bytes(kib...256 * mib),
      "The bytes of a long-poll answer's events. At least `limits.event-data`.",
      atBound: "What does not fit comes with the next poll."),
    SettingKey(
      "limits.poll-events", \.limits.pollEventsMax, .count(1...10_000),
      "The events of a long-poll answer, and the largest `limit` of a request.",
      atBound: "What does not fit comes with the next poll."),
    SettingKey(
      "limits.poll-wait", \.limits.pollWaitMax, .duration(brief ... .seconds(600)),
      "The longest `wait` of a long poll.",
      atBound: "A longer one is taken as this."),
  ]

  private static let publishLimits: [SettingKey<Settings>] = [
    SettingKey(
      "limits.idempotency-ttl", \.limits.idempotencyTTL, .duration(brief ... .seconds(86_400)),
      "How long an idempotency key answers the first publish's position again.",
      atBound: "The key is forgotten: the same publish counts as a new one."),
    SettingKey(
      "limits.idempotency-keys", \.limits.idempotencyKeysMax, .count(1...10_000_000),
      "The idempotency keys that the node remembers at once.",
      atBound: """
        A publish that names a key gets 503: forgetting a key early would publish twice in silence.
        """),
    SettingKey(
      "limits.idempotency-key-bytes", \.limits.idempotencyKeyBytesMax, .bytes(16...1_024),
      "The bytes of one idempotency key.",
      atBound: "The publish is refused."),
    SettingKey(
      "limits.paced-publishes", \.limits.pacedPublishesMax, .count(1...1_000_000),
      """
      The publishes of the node that wait because followers of their channel have not been served \
      yet.
      """,
      atBound: "The next publish gets 503."),
    SettingKey(
      "limits.backplane-publishes", \.limits.backplanePublishesMax, .count(1...1_000_000),
      "The publishes of the node that Redis has not answered yet.",
      atBound: "The next publish gets 503."),
    SettingKey(
      "limits.backplane-publish-bytes", \.limits.backplanePublishBytesMax, .bytes(mib...gib),
      "The bytes of the publishes that Redis has not answered yet.",
      atBound: "The next publish gets 503."),
    SettingKey(
      "limits.backplane-kept", \.limits.backplaneKeptBytesMax, .bytes(mib...16 * gib),
      "The bytes that feeds from Redis keep while they find out what came before.",
      atBound: "They let go of what arrives, and read it from the log; in mode pubsub it is lost, "
        + "and told as a gap."),
  ]

  /// The shortest time limit: less would cut off healthy clients.
  private static let brief = Duration.milliseconds(10)
}

extension SettingKeys {
  static let kib = 1 << 10
  static let mib = 1 << 20
  static let gib = 1 << 30
}
