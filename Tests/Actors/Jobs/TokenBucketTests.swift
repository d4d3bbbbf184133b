import FanfareActors
import FanfareRuntime
import FanfareTestKit
import Testing

@Suite struct TokenBucketTests {
  /// A bucket as plain as can be: what comes in, a millisecond at a time, in fractions of a unit.
  private struct Reference {
    let amount: Int
    let period: Int64
    /// In units of 1/period.
    var level: Int64
    var time: Int64

    init(_ amount: Int, _ period: Int64, at time: Int64) {
      self.amount = amount
      self.period = period
      self.time = time
      level = Int64(amount) * period
    }

    mutating func pass(to now: Int64) {
      while time < now {
        time += 1
        level = min(Int64(amount) * period, level + Int64(amount))
      }
      // A clock that was set back stands there, and brings nothing.
      time = now
    }

    mutating func change(by count: Int) {
      level = min(Int64(amount) * period, level + Int64(count) * period)
    }

    func wait(for count: Int) -> Int64 {
      var copy = self
      let needed = min(Int64(count), Int64(amount)) * period
      var waited: Int64 = 0
      while copy.level < needed {
        waited += 1
        copy.pass(to: copy.time + 1)
      }
      return waited
    }
  }

  @Test(arguments: 1...60 as ClosedRange<UInt64>)
  func isAsTheReference(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let amount = random.int(1...300)
    let period = Int64(random.int(1...2_000))
    let rate = RateBudget.Rate(amount: amount, per: .milliseconds(period))
    var now: Int64 = 1_700_000_000_000
    var bucket = TokenBucket(full: rate, at: now)
    var reference = Reference(amount, period, at: now)
    for step in 1...150 {
      now += Int64(random.isOne(in: 12) ? random.int(-1_500 ... -1) : random.int(0...400))
      bucket.refill(rate, at: now)
      reference.pass(to: now)
      let count = random.int(0...(amount * 3 / 2))
      switch random.below(4) {
      case 0:
        bucket.take(count)
        reference.change(by: -count)
      case 1:
        bucket.giveBack(count, rate)
        reference.change(by: count)
      default:
        // Rounding may decide on the very millisecond.
        let wait = bucket.wait(for: count, rate).milliseconds
        let wanted = reference.wait(for: count)
        #expect(abs(wait - wanted) <= 1, "seed \(seed), step \(step): \(wait), not \(wanted)")
        #expect((wait == 0) == (wanted == 0) || abs(wait - wanted) <= 1)
      }
      let level = Double(reference.level) / Double(period)
      #expect(abs(bucket.level - level) < 1e-6 * Double(amount), "seed \(seed), step \(step)")
      #expect(bucket.level <= Double(amount))
    }
  }

  /// After the wait that it tells, what was asked for is there.
  @Test(arguments: 1...200 as ClosedRange<UInt64>)
  func theWaitIsEnough(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let amount = random.int(1...1_000_000)
    let rate = RateBudget.Rate(amount: amount, per: .milliseconds(random.int(1...3_600_000)))
    var now: Int64 = 1_700_000_000_000
    var bucket = TokenBucket(full: rate, at: now)
    for _ in 1...50 {
      bucket.take(random.below(amount * 2))
      let wanted = random.int(0...(amount * 2))
      now += bucket.wait(for: wanted, rate).milliseconds
      bucket.refill(rate, at: now)
      let wait = bucket.wait(for: wanted, rate)
      #expect(wait <= .milliseconds(1), "seed \(seed): \(wait) more")
    }
  }

  @Test func aClockThatRunsBackBringsNothingAndTakesNothing() {
    let rate = RateBudget.Rate(amount: 100, per: .seconds(10))
    var bucket = TokenBucket(full: rate, at: 1_000_000)
    bucket.take(100)
    bucket.refill(rate, at: 500_000)
    #expect(bucket.level == 0)
    // From there on it comes in as ever, not only after the old time.
    bucket.refill(rate, at: 505_000)
    #expect(bucket.level == 50)
    bucket.refill(rate, at: .max)
    #expect(bucket.level == 100)
    bucket.refill(rate, at: .min)
    #expect(bucket.level == 100)
  }

  @Test func aClockThatJumpsAheadFillsItAtMost() {
    let rate = RateBudget.Rate(amount: 100, per: .seconds(10))
    var bucket = TokenBucket(full: rate, at: 0)
    bucket.take(350)
    bucket.refill(rate, at: 1_000_000_000)
    #expect(bucket.level == 100)
  }

  @Test func aDebtIsPaidFirst() {
    let rate = RateBudget.Rate(amount: 100, per: .seconds(10))
    var bucket = TokenBucket(full: rate, at: 0)
    bucket.take(150)
    #expect(bucket.wait(for: 0, rate) == .seconds(5))
    #expect(bucket.wait(for: 1, rate) == .milliseconds(5_100))
    #expect(bucket.wait(for: 1_000, rate) == .seconds(15))
  }
}
