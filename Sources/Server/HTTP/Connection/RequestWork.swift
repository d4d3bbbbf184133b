import FanfareActors

/// What is left to do for a request that has been read whole and let in.
///
/// A value, not a closure: a `@Sendable` closure would run on the global pool of threads, and every
/// answer would leave its loop and come back.
enum RequestWork: Sendable {
  case publish(PublishRequest, key: String?)
  case read(FollowRequest)
  case operators(Endpoint, RequestTarget)

  func response(
    _ events: EventsAPI, _ operators: OperatorAPI, on hubLoop: HubLoop
  ) async -> Response {
    switch self {
    case .publish(let request, let key): await events.publish(request, key: key)
    case .read(let request): await events.read(request, on: hubLoop)
    case .operators(let endpoint, let target): await operators.answer(endpoint, target)
    }
  }
}
