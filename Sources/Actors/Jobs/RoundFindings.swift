/// What those who took part in one round have heard of what is there for others.
struct RoundFindings {
  /// What a worker can do; everything where there is none.
  typealias Ability = Set<TaskName>?

  private var isNothingLeft = false
  private var needless: Set<Ability> = []
  private var bound: Set<WorkerName> = []
  /// Those who were given jobs.
  private(set) var served = 0
  private var isAnyInVain = false
  private var left: Int?
  /// Whether the store may have more since.
  var isOutdated = false

  /// The store has given `count` jobs to `worker`, and said this of the others.
  mutating func add(_ rest: LeaseRest, _ count: Int, of worker: WaitingWorker) {
    if count > 0 { served += 1 } else { isAnyInVain = true }
    left = min(left ?? rest.left, rest.left)
    if rest.left == 0 { isNothingLeft = true }
    switch rest.reason {
    case .bound: bound.insert(worker.name)
    case .tasks: needless.insert(worker.ability)
    case nil: break
    }
  }

  /// Whether `worker` would have been given nothing, too.
  func areNothing(for worker: WaitingWorker) -> Bool {
    if isNothingLeft { return true }
    if !bound.isEmpty, bound.contains(worker.name) { return true }
    return !needless.isEmpty && needless.contains(worker.ability)
  }

  /// How many can be served still, at most. `nil` where it is not known that those who come next
  /// are they.
  var servable: Int? { isAnyInVain || isOutdated ? nil : left }
}
