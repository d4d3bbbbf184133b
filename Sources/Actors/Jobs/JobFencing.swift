/// How workers end an attempt.
package enum AttemptCall: String, Sendable {
  case succeed, fail, release
}

/// How a worker ended the last attempt of a job: the same call again is answered the same.
package struct AttemptEnd: Sendable, Equatable {
  package let token: LeaseToken
  package let call: AttemptCall
  /// What it was answered.
  package let state: JobState

  /// The end of the attempt under `token`.
  package init(token: LeaseToken, call: AttemptCall, state: JobState) {
    self.token = token
    self.call = call
    self.state = state
  }
}

/// What a lease is worth to who claims it.
package enum ClaimStanding: Sendable, Equatable {
  /// It holds.
  case current
  /// It ended by this very call, which was answered so.
  case repeated(JobState)
  /// It was lost, but nobody has overtaken it: a success is still welcome.
  case late
  /// It is another's, or the job ended otherwise.
  case lost
}

extension Job {
  /// The standing of the claim `token`, whose holder says `call`.
  ///
  /// - Parameter ended: how the last attempt that a worker ended was ended.
  package func standing(
    of token: LeaseToken, saying call: AttemptCall?, after ended: AttemptEnd?
  ) -> ClaimStanding {
    if let ended, ended.token == token {
      return ended.call == call ? .repeated(ended.state) : .lost
    }
    guard token.number == leases else { return .lost }
    switch state {
    case .running: return .current
    case .queued, .retrying: return call == .succeed ? .late : .lost
    case .scheduled, .waiting, .succeeded, .dead, .cancelled: return .lost
    }
  }
}
