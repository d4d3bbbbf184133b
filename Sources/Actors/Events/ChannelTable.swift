/// Values by channel name, with an order that is the same in every run: a dictionary's own order
/// changes with the process, and what a sweep does first can be seen.
struct ChannelTable<Value> {
  private var places: [ChannelName: Int] = [:]
  private var slots: [(name: ChannelName, value: Value)?] = []
  private var free: [Int] = []
  private var sweepPlace = 0

  var count: Int { places.count }

  subscript(name: ChannelName) -> Value? {
    guard let place = places[name] else { return nil }
    return slots[place]?.value
  }

  mutating func insert(_ value: Value, for name: ChannelName) {
    if let place = places[name] {
      slots[place] = (name, value)
    } else if let place = free.popLast() {
      slots[place] = (name, value)
      places[name] = place
    } else {
      places[name] = slots.count
      slots.append((name, value))
    }
  }

  mutating func remove(_ name: ChannelName) {
    guard let place = places.removeValue(forKey: name) else { return }
    slots[place] = nil
    free.append(place)
  }

  /// The values, oldest place first.
  var values: [Value] { slots.compactMap { $0?.value } }

  /// The next `limit` places of an endless round through the table.
  mutating func sweep(_ limit: Int) -> [(name: ChannelName, value: Value)] {
    guard !slots.isEmpty else { return [] }
    var visited: [(name: ChannelName, value: Value)] = []
    for _ in 0..<min(limit, slots.count) {
      if sweepPlace >= slots.count { sweepPlace = 0 }
      if let slot = slots[sweepPlace] { visited.append(slot) }
      sweepPlace += 1
    }
    return visited
  }
}
