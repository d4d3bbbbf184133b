/// What a store says of the jobs of a queue that it has not handed out, to whoever asked for some.
///
/// It holds until the store tells that the queue is ready (``JobNews/readyQueues``).
package struct LeaseRest: Sendable, Equatable {
  /// Why a worker did not get as many jobs as it asked for.
  package enum Reason: Sendable, Equatable {
    /// It holds as many as one worker may. Others may be handed more.
    case bound
    /// There are no more for what it can do. Whoever can do exactly the same gets none either; who
    /// can do more, or less, may: jobs that wait for a budget hold up only those who can do them.
    case tasks
  }

  /// The jobs that may be handed out still, at most, whoever asks; 0 is none to anybody.
  package let left: Int
  /// `nil` where it got as many as it asked for.
  package let reason: Reason?

  /// What is left, and why no more of it was handed out.
  package init(left: Int, reason: Reason?) {
    self.left = left
    self.reason = reason
  }
}
