import FanfareActors
import FanfareRuntime

/// What the store knows by heart. What a transaction changes here counts when it is committed, and
/// is undone with it.
struct JobBooks {
  /// What is small enough to be copied before each transaction.
  struct Notes {
    /// The number of the newest job or workflow.
    var id: Int64 = 0
    /// The number of the newest entry of the outbox.
    var outbox: Int64 = 0
    var paused: Set<QueueName> = []
    /// The earliest time of a job that waits for one. Never too late; too early costs a look.
    var nextDue: Int64?
    /// When queues that wait for a budget have to look again.
    var wakes: [QueueName: MonotonicInstant] = [:]
    /// Dead jobs that are retried at a pace.
    var redrives: [QueueName: Redrive] = [:]
    /// When something that was kept for long enough may go.
    var nextRemoval: Int64?
  }

  /// Dead jobs of one queue that are to be retried.
  struct Redrive {
    /// All at once where there is none.
    var perSecond: Double?
    /// How many are left.
    var left: Int
    /// When the next one may be.
    var next: MonotonicInstant
  }

  var leases = LeaseBook()
  var lanes = LaneBook()
  var tallies = TallyBook()
  var budgets = BudgetBook()
  var notes = Notes()
  private var notesBefore = Notes()

  mutating func begin() { notesBefore = notes }

  /// The notes as of the last commit.
  var notesKept: Notes { notesBefore }

  mutating func commit() {
    leases.commit()
    tallies.commit()
    budgets.commit()
    notesBefore = notes
  }

  mutating func rollBack() {
    leases.rollBack()
    tallies.rollBack()
    budgets.rollBack()
    lanes.reset(tallies.queuedLanes)
    notes = notesBefore
  }
}
