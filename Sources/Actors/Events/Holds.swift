import DequeModule
import FanfareRuntime

/// The attachments of one loop that wait for the backplane: for a while, then they are refused, and
/// the clients may find another node. Loop-confined.
final class Holds: TimerTarget {
  /// How long an attachment waits.
  static let patience = Duration.seconds(5)

  private struct Hold {
    let deadline: MonotonicInstant
    let subscriber: Subscriber
    let attachment: Attachment
  }

  private let loop: EventLoop
  private var holds = Deque<Hold>()
  private var isScheduled = false

  init(on loop: EventLoop) {
    self.loop = loop
  }

  /// Refuses `attachment` unless it is judged in time.
  func hold(_ subscriber: Subscriber, _ attachment: Attachment) {
    dropSettled()
    holds.append(
      Hold(
        deadline: loop.now + Self.patience, subscriber: subscriber, attachment: attachment))
    schedule()
  }

  /// The followers that wait, in the order of their attachments.
  var followers: [Follower] {
    holds.flatMap { hold in
      hold.subscriber.followers.filter { $0.joining?.attachment === hold.attachment }
    }
  }

  private func schedule() {
    guard !isScheduled, let first = holds.first else { return }
    isScheduled = true
    _ = loop.schedule(at: first.deadline, self)
  }

  func timerFired() {
    isScheduled = false
    while let first = holds.first, first.deadline <= loop.now {
      holds.removeFirst()
      if !first.attachment.isComplete { first.subscriber.giveUp(first.attachment) }
    }
    dropSettled()
    schedule()
  }

  /// Most are judged within the turn: those are not kept for their time.
  private func dropSettled() {
    while let first = holds.first,
      first.attachment.isComplete || first.subscriber.state != .streaming
    {
      holds.removeFirst()
    }
  }
}
