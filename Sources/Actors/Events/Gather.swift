/// Room in which one connection's frames are put together when one slice of a ring does not do:
/// several channels, a filter, pages of history, a gap among the events. A loop has one, used for
/// one connection at a time.
struct Gather {
  /// The bytes after which a connection has had its share of the turn.
  static let bytesMax = 128 * 1024

  /// One frame, and what holds once the kernel or the connection's rest has it.
  struct Mark {
    let end: Int
    let follower: Int
    /// The follower's next offset after this frame.
    let next: UInt64
    let effect: Effect
  }

  enum Effect {
    case event
    case gap(missed: UInt64, DropReason)
    case cursor
  }

  var bytes: [UInt8] = []
  var marks: [Mark] = []
  /// Where each follower stood before this round.
  var before: [UInt64] = []

  mutating func begin(_ followers: FollowerList) {
    bytes.removeAll(keepingCapacity: true)
    marks.removeAll(keepingCapacity: true)
    before.removeAll(keepingCapacity: true)
    for follower in followers { before.append(follower.next) }
  }

  mutating func mark(_ follower: Int, next: UInt64, _ effect: Effect) {
    marks.append(Mark(end: bytes.count, follower: follower, next: next, effect: effect))
  }
}
