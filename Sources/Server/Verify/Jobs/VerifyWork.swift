import FanfareActors

/// What the jobs of one verification have in common.
package struct VerifyWork: Sendable {
  /// Where they wait.
  package let queue: String
  /// Of this run alone, so that no other worker takes them.
  package let task: String
  /// Where their events are published; of this run alone.
  let channels: [ChannelName]

  /// The work of one run.
  package init(queue: String) {
    let run = String(UInt64.random(in: 0..<2_176_782_336), radix: 36)
    self.queue = queue
    task = "verify-\(run)"
    channels = (0..<5).compactMap { ChannelName("verify:\(run)-\($0)") }
  }
}
