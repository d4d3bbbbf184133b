import DequeModule

/// The first queued jobs of one lane, read ahead from the file so that a lease looks at memory.
struct Lane {
  /// The places that are read ahead at once.
  static let readAhead = 256

  /// In order; whatever comes before the last of them is among them.
  private(set) var heads = Deque<LanePlace>()
  /// Whether the lane has no others.
  private(set) var isComplete: Bool

  /// A lane that is empty, or of which nothing has been read yet.
  init(isEmpty: Bool) {
    isComplete = isEmpty
  }

  /// Whether the first one is to be read from the file.
  var isUnread: Bool { heads.isEmpty && !isComplete }

  /// Takes what was read: the first of the lane, at most ``readAhead``.
  mutating func fill(_ places: [LanePlace]) {
    heads = Deque(places)
    isComplete = places.count < Self.readAhead
  }

  mutating func insert(_ place: LanePlace) {
    guard let last = heads.last else {
      if isComplete { heads.append(place) }
      return
    }
    if place > last {
      guard isComplete else { return }
      if heads.count < 2 * Self.readAhead { heads.append(place) } else { isComplete = false }
      return
    }
    heads.insert(place, at: index(of: place))
    if heads.count > 2 * Self.readAhead {
      heads.removeLast()
      isComplete = false
    }
  }

  mutating func remove(_ place: LanePlace) {
    let index = index(of: place)
    if index < heads.count, heads[index] == place { heads.remove(at: index) }
  }

  /// Where `place` stands, or would.
  private func index(of place: LanePlace) -> Int {
    if let first = heads.first, !(first < place) { return 0 }
    var low = 0
    var high = heads.count
    while low < high {
      let middle = (low + high) / 2
      if heads[middle] < place { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
