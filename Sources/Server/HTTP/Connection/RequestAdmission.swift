import FanfareActors
import FanfareRuntime

/// What a request turned out to want, judged by its head alone.
enum Admission: Sendable {
  /// A stream of events, begun at once.
  case stream(FollowRequest)
  /// The head of a stream's answer, and nothing else.
  case streamHead
  /// Events as JSON, perhaps after a wait.
  case read(FollowRequest)
  /// A publish, once its body is here.
  case publish(channel: ChannelName?, isNDJSON: Bool, key: String?)
  /// A WebSocket that follows what the request names, and what its messages ask for.
  case webSocket(WebSocketHandshake, FollowRequest)
  case echo(WebSocketHandshake)
  case options(Endpoint)
  case `operator`(Endpoint, RequestTarget)
  /// A file of the live page, or word that the client holds it already.
  case page(Response)
}

extension Admission {
  /// Whether a node with too many connections still serves it: operators must see it when it is
  /// full, and a stream is told in its own words to come back.
  var isServedOverLimit: Bool {
    switch self {
    case .stream, .streamHead, .webSocket, .options, .operator, .page: true
    case .read, .publish, .echo: false
    }
  }
}

/// Decides what a request may do before its body is read.
struct RequestAdmission: Sendable {
  let limits: Limits
  var policy: OriginPolicy
  /// Whether WebSocket messages are compressed for those who offer it.
  var compresses = false
  /// Whether `/ws/echo` is served.
  var echoes = false

  func admit(_ head: RequestHead) throws(Problem) -> (Admission, cors: [HeaderField]) {
    let cors: [HeaderField]
    switch policy.decide(head) {
    case .refused(let detail): throw Problem(403, "foreign-origin", detail)
    case .allowed(let origin): cors = policy.responseFields(corsOrigin: origin)
    }
    do throws(Problem) {
      return (try admission(head), cors)
    } catch {
      // A page of a listed origin may read why it was refused.
      var problem = error
      problem.fields += cors
      throw problem
    }
  }

  private func admission(_ head: RequestHead) throws(Problem) -> Admission {
    if head.target.isAsterisk { return .options(.events) }
    let endpoint = try Endpoint(head.target)
    guard endpoint.allowedMethods.contains(head.method) else {
      throw Problem(
        405, "method-not-allowed", "Use one of the methods in Allow.", fields: [endpoint.allow])
    }
    switch (head.method, endpoint) {
    case (.options, _): return .options(endpoint)
    case (.post, .channelEvents(let channel)): return try publish(head, channel)
    case (.post, .events): return try publish(head, nil)
    case (_, .channelEvents), (_, .events):
      let request = try FollowRequest(head, endpoint, limits)
      guard wantsStream(head, request) else { return .read(request) }
      return head.method == .head ? .streamHead : .stream(request)
    case (_, .webSocket), (_, .updates):
      let handshake = try WebSocketHandshake(head, compresses: compresses)
      return .webSocket(handshake, try FollowRequest(head, endpoint, limits))
    case (_, .echo):
      guard echoes else { throw .notFound }
      return .echo(try WebSocketHandshake(head, compresses: compresses))
    case (_, .channels), (_, .connections), (_, .nodes), (_, .metrics), (_, .health),
      (_, .readiness):
      return .operator(endpoint, head.target)
    case (_, .page(let file)): return .page(PagesAPI.answer(file, to: head))
    }
  }

  /// A client that names the type gets a stream. One that takes anything (`curl -N`) gets one too
  /// if it asks for nothing but to follow: as JSON its answer would hold no event.
  private func wantsStream(_ head: RequestHead, _ request: FollowRequest) -> Bool {
    AcceptHeader.prefersEventStream(head)
      || request.asksOnlyToFollow && AcceptHeader.takesAnything(head)
  }

  private func publish(
    _ head: RequestHead, _ channel: ChannelName?
  ) throws(Problem) -> Admission {
    guard let type = ContentType(of: head), type.isJSON || type.isNDJSON else {
      throw Problem(
        415, "unsupported-media-type",
        "Send Content-Type: application/json for one event, or application/x-ndjson for lines.")
    }
    if case .length(let length) = head.framing, length > limits.publishBodyBytesMax {
      throw Problem(
        413, "body-too-large",
        "Send at most \(limits.publishBodyBytesMax) bytes in one request; split the rest.")
    }
    let keys = head.values("idempotency-key")
    guard keys.count <= 1,
      keys.allSatisfy({ (1...limits.idempotencyKeyBytesMax).contains($0.utf8.count) })
    else {
      throw Problem(
        400, "bad-key",
        "Send one Idempotency-Key of 1 to \(limits.idempotencyKeyBytesMax) bytes.")
    }
    return .publish(channel: channel, isNDJSON: type.isNDJSON, key: keys.first)
  }
}
