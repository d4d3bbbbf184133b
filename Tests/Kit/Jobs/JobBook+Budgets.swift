import FanfareActors
import FanfareRuntime

/// What the jobs of a rate key may take.
extension JobBook {
  private func bucket(_ stored: TokenBucket?, _ rate: RateBudget.Rate?) -> TokenBucket? {
    guard let rate else { return nil }
    var bucket = stored ?? TokenBucket(full: rate, at: moment.wall)
    bucket.refill(rate, at: moment.wall)
    return bucket
  }

  private mutating func refill(_ key: RateKey) {
    guard let budget = settings.budgets[key] else { return }
    let stored = budgets[key] ?? Budget()
    budgets[key] = Budget(
      requests: bucket(stored.requests, budget.requests),
      tokens: bucket(stored.tokens, budget.tokens))
  }

  /// How long until a job with this key and cost may begin, as far as its budget goes.
  func budgetWait(_ key: RateKey, _ cost: Int) -> Duration {
    var copy = self
    copy.refill(key)
    var wait = Duration.milliseconds(max(0, (keyPauses[key] ?? 0) - moment.wall))
    guard let rates = settings.budgets[key], let left = copy.budgets[key] else { return wait }
    if let bucket = left.requests, let rate = rates.requests {
      wait = max(wait, bucket.wait(for: 1, rate))
    }
    if let bucket = left.tokens, let rate = rates.tokens {
      wait = max(wait, bucket.wait(for: cost, rate))
    }
    return wait
  }

  /// Takes what an attempt is expected to need; nothing where that is not there.
  mutating func reserve(_ key: RateKey, _ cost: Int) -> Bool {
    noteCloseCall(key, cost)
    refill(key)
    guard budgetWait(key, cost) == .zero else { return false }
    budgets[key]?.requests?.take(1)
    budgets[key]?.tokens?.take(cost)
    return true
  }

  /// Whether a moment sooner or later would decide otherwise.
  private mutating func noteCloseCall(_ key: RateKey, _ cost: Int) {
    var early = self
    early.moment.wall -= 60
    var late = self
    late.moment.wall += 60
    let isSame =
      (early.budgetWait(key, cost) == .zero) == (late.budgetWait(key, cost) == .zero)
    if !isSame { isCloseCall = true }
  }

  /// Corrects what was reserved by what was used.
  mutating func settle(_ key: RateKey, _ cost: Int, used: Int) {
    guard let rate = settings.budgets[key]?.tokens else { return }
    refill(key)
    if used < cost {
      budgets[key]?.tokens?.giveBack(cost - used, rate)
    } else {
      budgets[key]?.tokens?.take(used - cost)
    }
  }
}
