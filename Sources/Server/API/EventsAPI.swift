import FanfareActors
import FanfareRuntime

/// Publishing and reading over HTTP (CONTRACT section 2).
struct EventsAPI: Sendable {
  let hub: Hub

  /// Stores the events of `request`, each channel's in order, and answers with their positions.
  ///
  /// Channels are stored one after another. If one refuses, the answer is 503 with the positions of
  /// the others; the same request with the same key completes it, because every channel remembers
  /// the key for itself.
  func publish(_ request: PublishRequest, key: String?) async -> Response {
    let key = key.map { IdempotencyKey(subject: "", key: $0) }
    var positions = [Position?](repeating: nil, count: request.entries.count)
    var failure: PublishError?
    for (channel, indices) in Self.grouped(request.entries) {
      do throws(PublishError) {
        let drafts = indices.map { request.entries[$0].draft }
        let stored = try await hub.publish(drafts, to: channel, key: key)
        for (index, position) in zip(indices, stored) { positions[index] = position }
      } catch {
        // That some may be stored is not hidden behind a channel that stored nothing.
        failure = error == .outcomeUnknown ? error : failure ?? error
      }
    }
    if let failure { return Self.refusal(failure, positions).response }
    var writer = JSONWriter()
    writer.beginObject()
    if request.isSingle {
      writer.member("position", positions[0]?.description ?? "-")
    } else {
      writer.key("positions")
      Self.write(positions, to: &writer)
    }
    writer.endObject()
    return .json(request.isSingle ? 201 : 200, writer.bytes)
  }

  /// The places of each channel's events, channels in the order of their first event.
  private static func grouped(
    _ entries: [PublishRequest.Entry]
  ) -> [(channel: ChannelName, indices: [Int])] {
    var groups: [(channel: ChannelName, indices: [Int])] = []
    var places: [ChannelName: Int] = [:]
    for (index, entry) in entries.enumerated() {
      if let place = places[entry.channel] {
        groups[place].indices.append(index)
      } else {
        places[entry.channel] = groups.count
        groups.append((entry.channel, [index]))
      }
    }
    return groups
  }

  private static func write(_ positions: [Position?], to writer: inout JSONWriter) {
    writer.beginArray()
    for position in positions {
      if let position { writer.string(position.description) } else { writer.null() }
    }
    writer.endArray()
  }

  private static func refusal(_ error: PublishError, _ positions: [Position?]) -> Problem {
    var problem = Problem(error)
    if positions.contains(where: { $0 != nil }) {
      var writer = JSONWriter()
      write(positions, to: &writer)
      problem.extra = [("positions", writer.bytes)]
    }
    return problem
  }

  /// Answers a read or a long poll on `loop`.
  func read(
    _ request: FollowRequest, on hubLoop: HubLoop, hangUp: HangUp
  ) async -> Response {
    let poll = Poll(
      follows: request.follows, filter: request.filter, eventsMax: request.eventsMax,
      bytesMax: hub.limits.pollAnswerBytesMax, wait: request.wait, transport: .poll)
    do throws(PublishError) {
      return Self.response(try await hubLoop.answer(poll, hangUp: hangUp))
    } catch {
      return (error == .unavailable ? Problem.backplaneAway : Problem(error)).response
    }
  }

  private static func response(_ answer: PollAnswer) -> Response {
    var writer = JSONWriter()
    writer.beginObject()
    writer.key("events")
    writer.beginArray()
    for event in answer.events {
      var json: [UInt8] = []
      json.reserveCapacity(event.data.count + 512)
      EventJSON.append(event, to: &json)
      writer.raw(json)
    }
    writer.endArray()
    writer.member("cursor", Cursor(answer.cursor).description)
    writer.key("channels")
    EventJSON.write(answer.verdicts, to: &writer)
    writer.endObject()
    return .json(200, writer.bytes)
  }
}

extension Problem {
  /// What a log holds cannot be said just now.
  static let backplaneAway = Problem(
    503, "backplane-away",
    "This node cannot say just now what the channel holds; ask again, or another node.",
    retryAfterSeconds: 2)

  /// Nothing was stored, or nobody knows, for a reason that passes; or the key was used for
  /// something else.
  init(_ error: PublishError) {
    switch error {
    case .tooManyChannels:
      self.init(
        503, "channels-not-published",
        "This node holds as many channels as it may (limits.channels); nothing was stored.",
        retryAfterSeconds: 5)
    case .paced:
      self.init(
        503, "paced-not-published",
        "Too many publishes wait for the channel's followers; nothing was stored, try again.",
        retryAfterSeconds: 1)
    case .keyMismatch:
      self.init(
        422, "key-reused",
        "This Idempotency-Key was used with other events in this channel; use a new key.")
    case .tooManyKeys:
      self.init(
        503, "keys-not-published",
        "This node remembers as many idempotency keys as it may; nothing was stored, try again.",
        retryAfterSeconds: 10)
    case .unavailable:
      self.init(
        503, "not-published",
        "The server is stopping or its backplane is away; nothing was stored, try again.",
        retryAfterSeconds: 2)
    case .outcomeUnknown:
      self.init(
        503, "outcome-unknown",
        "The backplane did not say whether all was stored; the same request with the same "
          + "Idempotency-Key completes it and stores nothing twice.", retryAfterSeconds: 2)
    }
  }
}
