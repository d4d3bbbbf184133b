import FanfareActors

/// Queues and budgets, for the program that embeds the server.
extension Settings {
  /// How the jobs of a queue are handed out; `nil` where there is no such queue.
  ///
  ///     settings[queue: "agent_queue"]?.runningMax = 8
  ///     settings[queue: "images"] = QueueSettings(prefetch: 1, concurrency: 2)
  ///
  /// `agent_queue`, `git_queue`, `sync_queue` and `cicd_queue` are there from the beginning, and
  /// `nil` takes one away. A name has 1 to 128 characters of `A-Z a-z 0-9 _ . : @ -`; another one,
  /// and a value out of its bounds, is refused by ``validate()``.
  public subscript(queue name: String) -> QueueSettings? {
    get { queues[QueueName(checked: name)] }
    set { queues[QueueName(checked: name)] = newValue }
  }

  /// What the jobs of a rate key (``NewJob/rateKey``) may take together; `nil` is no bound.
  ///
  ///     settings[budget: "openai"] = RateBudget(
  ///       requests: .init(amount: 500, per: .seconds(60)),
  ///       tokens: .init(amount: 200_000, per: .seconds(60)))
  ///
  /// A name has 1 to 128 characters of `A-Z a-z 0-9 _ . : @ -`; another one, and a rate out of its
  /// bounds, is refused by ``validate()``.
  public subscript(budget rateKey: String) -> RateBudget? {
    get { budgets[RateKey(checked: rateKey)] }
    set { budgets[RateKey(checked: rateKey)] = newValue }
  }
}
