import FanfareActors

/// What is left of the budget of one rate key.
struct BudgetState: Equatable {
  var requests: TokenBucket?
  var tokens: TokenBucket?
  /// Nobody gets a job with the key before then: its provider has refused. Milliseconds since 1970.
  var pausedUntil: Int64?
}

/// The budgets' states: read from the file once, written when a transaction has changed them.
struct BudgetBook {
  private(set) var states: [RateKey: BudgetState] = [:]
  /// What the transaction under way changes; whether it has to be written.
  private var changes: [RateKey: (state: BudgetState, isWritten: Bool)] = [:]

  mutating func load(_ states: [RateKey: BudgetState]) {
    self.states = states
    changes = [:]
  }

  func state(_ key: RateKey) -> BudgetState? { changes[key]?.state ?? states[key] }

  /// - Parameter isWritten: whether the file has to know; not where only time has passed.
  mutating func set(_ key: RateKey, _ state: BudgetState, isWritten: Bool) {
    changes[key] = (state, isWritten || changes[key]?.isWritten ?? false)
  }

  var changed: [(key: RateKey, state: BudgetState)] {
    changes.filter(\.value.isWritten).map { ($0.key, $0.value.state) }
  }

  mutating func commit() {
    for (key, change) in changes { states[key] = change.state }
    changes = [:]
  }

  mutating func rollBack() { changes = [:] }
}
