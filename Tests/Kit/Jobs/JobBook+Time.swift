import FanfareActors
import FanfareRuntime

/// What happens by itself.
extension JobBook {
  /// Lets time pass until `end`; what is due on the way happens in its order, at its time.
  package mutating func pass(to end: JobMoment) {
    let wall = end.wall - (end.now - moment.now).milliseconds
    // The wall clock may have been set since: what is due by it is so from now on.
    if wall != moment.wall || isRestless {
      moment.wall = wall
      isRestless = false
      let before = news.transitions.count
      act()
      // Milliseconds are rounded: what was due in the next one may be so now.
      if news.transitions.count != before { lastBoundary = moment.now }
    }
    while let next = boundaries.filter({ $0 > moment.now && $0 <= end.now }).min() {
      moment = moment.after(next - moment.now)
      lastBoundary = next
      act()
    }
    moment = end
  }

  /// The moments at which something changes if nobody does anything.
  package var boundaries: [MonotonicInstant] {
    var all: [MonotonicInstant] = []
    for page in pages.values {
      all += [page.leaseEnd, page.attemptEnd, page.progressDue].compactMap { $0 }
      all += page.progressTold.map { [$0 + Self.progressGap] } ?? []
      if let next = page.job.nextAt, untold[page.job.id] == nil {
        all.append(moment.instant(ofWall: next))
      }
      if let until = page.job.uniqueUntil { all.append(moment.instant(ofWall: until)) }
      if let finished = page.job.finished {
        all.append(moment.instant(ofWall: finished + settings.retention.milliseconds + 1))
      }
      if page.job.state == .queued, let key = page.job.rateKey {
        let wait = budgetWait(key, page.job.cost)
        if wait > .zero { all.append(moment.now + wait) }
      }
    }
    all += redrives.values.map(\.next)
    all += requests.values.map { moment.instant(ofWall: $0.until) }
    all += keyPauses.values.map { moment.instant(ofWall: $0) }
    return all
  }

  /// Whether something becomes due when somebody sets the clock on the wall.
  var waitsForWall: Bool { pages.values.contains { $0.job.nextAt != nil } }

  private mutating func act() {
    for id in ids(where: { $0.state == .running }) {
      if let end = pages[id]?.attemptEnd, end <= moment.now { timeOut(id) }
      if let end = pages[id]?.leaseEnd, end <= moment.now { loseLease(id) }
    }
    for id in ids(where: { $0.state == .scheduled || $0.state == .retrying }) {
      guard let next = pages[id]?.job.nextAt, untold[id] == nil, next <= moment.wall else {
        continue
      }
      move(id, to: .queued, .due, events: [.queued])
    }
    for id in ids(where: { $0.state == .running }) {
      if let due = pages[id]?.progressDue, due <= moment.now { tellProgress(id) }
    }
    for queue in redrives.keys.sorted() { continueRedrive(queue) }
    for id in heldUp.sorted() {
      if let job = pages[id]?.job, let key = job.rateKey, job.state == .queued {
        guard budgetWait(key, job.cost) == .zero else { continue }
        ready(job.queue)
      }
      heldUp.remove(id)
    }
    forget()
  }

  private mutating func timeOut(_ id: JobID) {
    let text = pages[id]?.job.timeout.map { "timed out after \($0)" } ?? ""
    fail(id, JobFailure(error: text), .timedOut)
  }

  /// Whoever had the job was silent for too long.
  private mutating func loseLease(_ id: JobID) {
    guard let page = pages[id], let queue = settings.queues[page.job.queue] else { return }
    if page.job.isCancelRequested {
      return move(id, to: .cancelled, .crashed, events: [.cancelled])
    }
    guard page.isConfirmed else {
      pages[id]?.job.releases += 1
      return move(id, to: .queued, .crashed, events: [.queued])
    }
    pages[id]?.job.crashes += 1
    addError("its worker was lost", to: id)
    if page.job.crashes + 1 >= Self.crashesMax {
      move(id, to: .dead(.crashes), .crashed, events: [.failed, .dead])
    } else {
      wait(id, queue.retry, times: page.job.crashes + 1)
      move(id, to: .retrying, .crashed, events: [.failed, .retrying])
    }
  }

  /// Deletes what has been kept for long enough.
  private mutating func forget() {
    let kept = settings.retention.milliseconds
    for id in ids(where: { job in job.finished.map { $0 + kept < moment.wall } ?? false }) {
      delete(id)
    }
    flows = flows.filter { _, flow in
      flow.workflow.finished.map { $0 + kept >= moment.wall } ?? true
    }
    requests = requests.filter { $0.value.until > moment.wall }
    keyPauses = keyPauses.filter { $0.value > moment.wall }
  }

  mutating func delete(_ id: JobID) {
    guard let page = pages.removeValue(forKey: id) else { return }
    note(page, from: page.job.state, to: nil, .deleted)
  }

  // MARK: Redriving

  mutating func continueRedrive(_ queue: QueueName) {
    while var redrive = redrives[queue], redrive.next <= moment.now {
      guard !redrive.left.isEmpty else {
        redrives[queue] = nil
        return
      }
      let id = redrive.left.removeFirst()
      redrive.next = redrive.next + redrive.every
      redrives[queue] = redrive.left.isEmpty ? nil : redrive
      if case .dead = pages[id]?.job.state { _ = try? retry(id, nil) }
    }
  }
}
