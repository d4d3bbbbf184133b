import FanfareActors
import FanfarePages
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
  /// A question about jobs, once its body is here where it has one.
  case jobs(JobsRequest)
  /// The events of a job, as a stream or as JSON.
  case jobEvents(JobID, FollowRequest, isStream: Bool)
  /// A file of the live page, or word that the client holds it already.
  case page(Response)
}

extension Admission {
  /// Whether a node with too many connections still serves it: operators must see it when it is
  /// full, and a stream is told in its own words to come back.
  var isServedOverLimit: Bool {
    switch self {
    case .stream, .streamHead, .webSocket, .options, .operator, .page: true
    case .jobEvents(_, _, let isStream): isStream
    case .read, .publish, .echo, .jobs: false
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
  /// Whether the node has jobs.
  var keepsJobs = false

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
    if visitsJobs(head, endpoint) { return .page(PagesAPI.answer(.jobs, to: head)) }
    if case .jobs = endpoint, !keepsJobs { throw .jobsOff }
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
    case (_, .jobs(.jobEvents(let job))):
      let request = try FollowRequest(head, endpoint, limits)
      let isStream = wantsStream(head, request)
      if isStream, head.method == .head { return .streamHead }
      return .jobEvents(job, request, isStream: isStream)
    case (_, .jobs(let endpoint)): return .jobs(try JobsRequest(head, endpoint, limits))
    case (_, .page(let file)): return .page(PagesAPI.answer(file, to: head))
    }
  }

  /// Whether somebody opens the page of jobs, which has the path of their list.
  private func visitsJobs(_ head: RequestHead, _ endpoint: Endpoint) -> Bool {
    endpoint == .jobs(.jobs) && (head.method == .get || head.method == .head)
      && AcceptHeader.prefersPage(head)
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
    try head.checkBodyLength(limits)
    return .publish(
      channel: channel, isNDJSON: type.isNDJSON, key: try head.idempotencyKey(limits))
  }
}
