/// One channel of a crowd: who follows it, and which of its events have been seen by whom.
struct CrowdChannel {
  /// The events that may be on their way in a crowd's only channel; a window is smaller.
  static let underWayMax = 1024

  let request: [UInt8]
  let frames: FrameScanner
  /// Those that read.
  var followers = 0
  private(set) var seenByFirst: UInt64 = 0
  private(set) var seenByAll: UInt64 = 0
  /// How many have seen each event that not all have seen; a ring, from `seenByAll + 1` on.
  private var seen: [Int32]
  private let mask: Int

  /// - Parameter underWayMax: the events that may be on their way in this channel; a power of two.
  init(name: String, dialect: Dialect, request: [UInt8], underWayMax: Int) {
    self.request = request
    frames = FrameScanner(channel: name, dialect: dialect)
    seen = Array(repeating: 0, count: underWayMax)
    mask = underWayMax - 1
  }

  /// A follower begins behind `offset`.
  mutating func begin(at offset: UInt64) {
    seenByFirst = max(seenByFirst, offset)
    seenByAll = max(seenByAll, offset)
  }

  @inline(__always) mutating func saw(_ offset: UInt64) {
    guard offset > seenByAll, offset - seenByAll <= UInt64(mask) else { return }
    seen[Int(truncatingIfNeeded: offset) & mask] += 1
  }

  /// A follower has read events up to `offset`. Returns how many more events the first has seen,
  /// and how many more all have.
  mutating func read(through offset: UInt64) -> (first: UInt64, all: UInt64) {
    let before = (seenByFirst, seenByAll)
    seenByFirst = max(seenByFirst, offset)
    while true {
      let next = Int(truncatingIfNeeded: seenByAll + 1) & mask
      guard seen[next] == followers, followers > 0 else { break }
      seen[next] = 0
      seenByAll += 1
    }
    return (seenByFirst - before.0, seenByAll - before.1)
  }
}
