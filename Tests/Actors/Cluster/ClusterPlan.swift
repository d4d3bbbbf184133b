import FanfareActors
import FanfareBackplane
import FanfareRuntime
import FanfareTestKit

/// What a world is made of, as its seed decides.
struct ClusterPlan {
  static let nodes = 3

  /// Whether Redis says, and keeps to it, that a restart loses nothing that it acknowledged.
  let isDurable: Bool
  /// Whether messages get lost on a feed that stays: only the rolling check can find that out.
  /// Otherwise that check comes too late to help, and everything else has to do without it.
  let isLossy: Bool
  /// How many events each log retains.
  let history: Int
  let channels: [ChannelName]
  let followers: Int
  let publishers: Int
  let steps: Int
  let limits: Limits
  let pace: RedisPace

  init(_ random: inout SeededGenerator) {
    isDurable = random.isOne(in: 2)
    isLossy = random.isOne(in: 2)
    history = random.isOne(in: 2) ? 1_000 : random.int(3...20)
    channels = ["a:1", "a:2", "b:3"].prefix(random.int(2...3)).compactMap { ChannelName($0) }
    followers = random.int(4...9)
    publishers = random.int(2...4)
    steps = random.int(20...60)
    var limits = Limits()
    // So small that followers are fed from history, too.
    limits.mailboxEventsMax = random.pick([8, 16, 256])
    self.limits = limits
    var pace = RedisPace.quick
    if !isLossy { pace.check = .seconds(3_600) }
    self.pace = pace
  }
}
