/// The workers that wait for jobs of one queue, in the order in which they came. Loop-confined.
///
/// They ask the store in rounds: all who may find something ask in one turn, in their order. Who
/// comes meanwhile, and who may find something again, takes part in the next round, which begins
/// when the store has answered them all. So nobody overtakes those before him, and nothing that
/// becomes ready while the store is being asked goes unnoticed.
final class WaitingLine {
  private var workers: [WaitingWorker] = []
  /// Those in the round under way that have not been answered.
  private(set) var askingCount = 0

  var count: Int { workers.count }

  /// Comes last, and asks in the next round.
  func join(_ worker: WaitingWorker) { workers.append(worker) }

  func leave(_ worker: WaitingWorker) {
    workers.removeAll { $0 === worker }
    if worker.isInRound { askingCount -= 1 }
  }

  /// The store may have something for any of them.
  func becomeReady() {
    for worker in workers { worker.becomeDue() }
    beginRound()
  }

  /// The store had nothing for `worker`, which stays in its place.
  func foundNothing(for worker: WaitingWorker) {
    worker.foundNothing()
    askingCount -= 1
  }

  func endAll(_ ending: WaitingWorker.Ending) {
    for worker in workers { worker.end(ending) }
  }

  /// Begins the next round, unless one is under way. All who are due must be at their gates: who
  /// was on the way there would ask before the others.
  func beginRound() {
    guard askingCount == 0 else { return }
    for worker in workers where worker.isDue {
      worker.call()
      askingCount += 1
    }
  }
}
