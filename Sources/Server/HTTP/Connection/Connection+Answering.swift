import FanfareActors
import FanfareRuntime

/// What a connection does for its answers.
extension Connection {
  /// What a body is for that is being read.
  enum BodyUse {
    case publish(channel: ChannelName?, isNDJSON: Bool, key: String?, Exchange)
    case jobs(JobsRequest, Exchange)
  }

  /// What a task does for an answer.
  enum Work {
    case publish(PublishRequest, key: String?)
    case read(FollowRequest)
    case jobs(JobsRequest)
    case `operator`(Endpoint, RequestTarget)
  }

  /// A body is here.
  func answer(_ use: BodyUse, with body: [UInt8]) {
    switch use {
    case .publish(let channel, let isNDJSON, let key, let exchange):
      do throws(Problem) {
        let request = try PublishRequest(body, isNDJSON: isNDJSON, channel: channel, limits)
        answer(.publish(request, key: key), exchange)
      } catch {
        respond(error.response, exchange)
      }
    case .jobs(var request, let exchange):
      request.body = body
      answer(.jobs(request), exchange)
    }
  }

  func answer(_ work: Work, _ exchange: Exchange) {
    state = .responding
    arm(nil)
    Task { respond(await perform(work), exchange) }
  }

  // A method, not a closure handed in: the latter would run on the global pool and come back.
  private func perform(_ work: Work) async -> Response {
    let events = site.get.events
    let operators = site.get.operators
    let hubLoop = site.get.hubLoop
    switch work {
    case .publish(let request, let key): return await events.publish(request, key: key)
    case .read(let request):
      return await events.read(request, on: hubLoop, hangUp: hangUpOfWait())
    case .jobs(let request):
      guard let jobs = site.get.jobs else { return Problem.jobsOff.response }
      let response = await jobs.answer(request, on: stream.loop, hangUp: hangUpOfWait())
      // The worker has gone before it could be told what it has.
      if case .gone = state {
        jobs.node.store.giveBack(response.leases, on: stream.loop, from: self)
      }
      return response
    case .operator(let endpoint, let target):
      return await operators.answer(endpoint, target, on: stream.loop)
    }
  }

  /// What ends the wait of the answer under way.
  private func hangUpOfWait() -> HangUp {
    let hangUp = HangUp()
    self.hangUp = hangUp
    // Nobody is made to wait for a server that stops.
    if site.get.isDraining { hangUp.hangUp() }
    return hangUp
  }

  func respond(_ response: Response, _ exchange: Exchange) {
    // It may have been closed while the task was away.
    if case .gone = state { return }
    if let problem = response.problem { site.get.metrics.errors["http", problem] += 1 }
    finish(response, exchange)
  }

  // MARK: The events of a job

  /// Answers with a job's events, or follows them, once it is known that there is such a job.
  func follow(
    _ job: JobID, _ request: FollowRequest, isStream: Bool, _ exchange: Exchange
  ) {
    state = .responding
    arm(nil)
    Task { await attach(job, request, isStream: isStream, exchange) }
  }

  private func attach(
    _ job: JobID, _ request: FollowRequest, isStream: Bool, _ exchange: Exchange
  ) async {
    guard let jobs = site.get.jobs else { return respond(Problem.jobsOff.response, exchange) }
    let attachment = await jobs.attach(job, request, isStream: isStream, on: stream.loop)
    let site = site.get
    switch attachment {
    case .answered(let response): respond(response, exchange)
    case .read(let request): respond(await perform(.read(request)), exchange)
    case .away:
      if case .gone = state { return }
      turnAway(exchange.cors, .backplaneAway)
    case .stream(let request, let greeting, let watch):
      // A client that has gone, or ended its side, listens to no stream.
      guard case .responding = state, !inputHasEnded else {
        watch.ends()
        return close(.clientClosed)
      }
      guard !site.isDraining else {
        watch.ends()
        return turnAway(exchange.cors)
      }
      openStream(request, exchange.cors, greeting: greeting, watch)
    }
  }
}
