import FanfareActors
import FanfareRuntime

/// What the jobs of a rate key may take.
extension JobCore {
  /// How a key's budget stands now.
  private func budget(_ key: RateKey) -> BudgetState {
    var state = books.budgets.state(key) ?? BudgetState()
    let budget = settings.budgets[key]
    state.requests = budget?.requests.map { refilled(state.requests, $0) }
    state.tokens = budget?.tokens.map { refilled(state.tokens, $0) }
    return state
  }

  private func refilled(_ bucket: TokenBucket?, _ rate: RateBudget.Rate) -> TokenBucket {
    guard var bucket else { return TokenBucket(full: rate, at: group.now) }
    bucket.refill(rate, at: group.now)
    return bucket
  }

  /// How long until a job that takes `cost` may be handed out; zero when now.
  func wait(for key: RateKey, cost: Int) -> Duration {
    // Keys without a budget are not remembered: whoever makes jobs may think of any number of them.
    guard settings.budgets[key] != nil || books.budgets.state(key) != nil else { return .zero }
    let state = budget(key)
    books.budgets.set(key, state, isWritten: false)
    var wait = Duration.milliseconds(max(0, (state.pausedUntil ?? 0) - group.now))
    if let rate = settings.budgets[key]?.requests, let bucket = state.requests {
      wait = max(wait, bucket.wait(for: 1, rate))
    }
    if let rate = settings.budgets[key]?.tokens, let bucket = state.tokens {
      wait = max(wait, bucket.wait(for: cost, rate))
    }
    return wait
  }

  /// A job is handed out.
  func take(_ cost: Int, of key: RateKey) {
    guard settings.budgets[key] != nil else { return }
    var state = budget(key)
    state.requests?.take(1)
    state.tokens?.take(cost)
    books.budgets.set(key, state, isWritten: true)
  }

  /// An attempt has said what it took.
  func settle(_ job: Job, _ usage: JobUsage?) {
    guard let key = job.rateKey, let used = usage?.tokens, used != job.cost,
      let rate = settings.budgets[key]?.tokens
    else { return }
    var state = budget(key)
    if used < job.cost {
      state.tokens?.giveBack(job.cost - used, rate)
      wakeAll()
    } else {
      state.tokens?.take(used - job.cost)
    }
    books.budgets.set(key, state, isWritten: true)
  }

  /// The provider behind a key has refused.
  func pause(_ key: RateKey, until time: Int64) {
    var state = budget(key)
    state.pausedUntil = max(state.pausedUntil ?? time, time)
    books.budgets.set(key, state, isWritten: true)
  }

  /// Queues that wait for a budget look again: it may have filled before its time.
  private func wakeAll() {
    for queue in books.notes.wakes.keys { group.tellReady(queue) }
    books.notes.wakes = [:]
  }
}
