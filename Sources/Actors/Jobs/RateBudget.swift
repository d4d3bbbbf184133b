import FanfareRuntime

/// What the jobs of one rate key may take together: so many requests and so many units (tokens) in
/// a period.
public struct RateBudget: Sendable, Equatable {
  /// `500/min`.
  public struct Rate: Sendable, Equatable {
    /// 1 to 1,000,000,000; also the most that can have been saved up.
    public var amount: Int
    /// The time in which that much comes in, evenly: a second, a minute, an hour or a day.
    public var period: Duration

    /// So much in such a time.
    public init(amount: Int, per period: Duration) {
      self.amount = amount
      self.period = period
    }
  }

  /// Attempts; unlimited where there is none.
  public var requests: Rate?
  /// Units; unlimited where there is none.
  public var tokens: Rate?

  /// A budget of these rates.
  public init(requests: Rate? = nil, tokens: Rate? = nil) {
    self.requests = requests
    self.tokens = tokens
  }
}

/// What is left of one rate, as of a moment. Debt (below 0) is paid before anything else is let
/// through.
package struct TokenBucket: Sendable, Equatable {
  /// At most the rate's amount.
  package private(set) var level: Double
  /// Milliseconds since 1970.
  package private(set) var time: Int64

  /// A bucket with `level` in it at `time`.
  package init(level: Double, time: Int64) {
    self.level = level
    self.time = time
  }

  /// A full one.
  package init(full rate: RateBudget.Rate, at time: Int64) {
    self.init(level: Double(rate.amount), time: time)
  }

  /// Lets come in what has come in until `now`. A clock that ran backwards brings nothing in and
  /// takes nothing away; one that jumped ahead fills it at most.
  package mutating func refill(_ rate: RateBudget.Rate, at now: Int64) {
    if now > time {
      let share = Double(now - time) / Double(max(1, rate.period.milliseconds))
      level = min(Double(rate.amount), level + share * Double(rate.amount))
    }
    time = now
  }

  /// How long until `amount` can be taken; zero when now. What is above the capacity can be taken
  /// when the bucket is full. After ``refill(_:at:)``.
  package func wait(for amount: Int, _ rate: RateBudget.Rate) -> Duration {
    let needed = min(Double(amount), Double(rate.amount)) - level
    guard needed > 0 else { return .zero }
    let milliseconds = needed / Double(rate.amount) * Double(max(1, rate.period.milliseconds))
    return .milliseconds(Int64(milliseconds.rounded(.up)))
  }

  /// Takes `amount`, which may leave a debt.
  package mutating func take(_ amount: Int) { level -= Double(amount) }

  /// Gives back what was reserved and not used; never above the capacity.
  package mutating func giveBack(_ amount: Int, _ rate: RateBudget.Rate) {
    level = min(Double(rate.amount), level + Double(amount))
  }
}
