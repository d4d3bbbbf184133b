/// The workers that wait for jobs of one queue, in the order in which they came. Loop-confined.
///
/// They ask the store in rounds: the first of those who may find something ask in one turn, in
/// their order. When the store has answered them all, the next round begins; those who have come
/// meanwhile take part, and those who may find something again. So nobody overtakes those before
/// him, and nothing that becomes ready while the store is being asked goes unnoticed.
///
/// Most need not ask: what the store says to one tells others that there is nothing for them
/// (``RoundFindings``). So the first round is of one worker, and as long as there is somebody left
/// who may find something, the next is wider: what there is reaches whom it is for in few rounds,
/// and costs few questions. Those who have not asked yet come on top of its width, as most of those
/// who come do so because there is work.
final class WaitingLine {
  /// How many times wider the next round is.
  private static let growth = 4

  private var workers: [WaitingWorker] = []
  /// Those in the round under way that have not been answered.
  private(set) var askingCount = 0
  /// The number of the newest round.
  private var round = 0
  /// What was heard in the newest round; `nil` once all know of it.
  private var findings: RoundFindings?
  /// Those who have asked before that take part in the next round, at most.
  private var width = 1

  var count: Int { workers.count }

  /// Comes last, and asks in the next round.
  func join(_ worker: WaitingWorker) {
    worker.join(in: round)
    workers.append(worker)
  }

  func leave(_ worker: WaitingWorker) {
    workers.removeAll { $0 === worker }
    if worker.isInRound { askingCount -= 1 }
  }

  /// The store may have something for any of them.
  func becomeReady() {
    for worker in workers { worker.becomeDue(in: round) }
    findings?.isOutdated = true
    beginRound()
  }

  /// The store has given `count` jobs to `worker`, and said this of the others. Who was given none
  /// stays in its place, and who was given some leaves.
  func heard(_ rest: LeaseRest, _ count: Int, by worker: WaitingWorker) {
    findings?.add(rest, count, of: worker)
    guard count == 0 else { return }
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
    var room = tellFindings()
    guard workers.contains(where: \.isDue) else {
      width = 1
      return
    }
    round += 1
    findings = RoundFindings()
    for worker in workers where worker.isDue {
      if worker.hasAsked {
        guard room > 0 else { break }
        room -= 1
      }
      worker.call()
      askingCount += 1
    }
  }

  /// Tells the others what the newest round has found, and makes the next one wider where there are
  /// some to whom it says nothing. Returns how many of those who have asked before it may have.
  private func tellFindings() -> Int {
    guard let findings else { return width }
    self.findings = nil
    var isAnyLeft = false
    for worker in workers where worker.hasWaited(for: round) {
      if findings.areNothing(for: worker) {
        worker.heardOfNothing(in: round)
      } else {
        isAnyLeft = true
      }
    }
    // Whoever is in line has been asked or told of within a few rounds, even when the store has
    // something to tell during each of them: only then do they start again from few.
    width = isAnyLeft ? min(width, workers.count) * Self.growth : max(1, findings.served)
    return min(width, findings.servable ?? width)
  }
}
