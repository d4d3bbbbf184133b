/// The followers of one connection, in the order in which it came to them. Most connections follow
/// one channel, and an array for that one would cost them 48 bytes.
struct FollowerList: RandomAccessCollection {
  private enum Storage {
    case none
    case one(Follower)
    case many([Follower])
  }

  private var storage = Storage.none

  var startIndex: Int { 0 }

  var endIndex: Int {
    switch storage {
    case .none: 0
    case .one: 1
    case .many(let followers): followers.count
    }
  }

  subscript(index: Int) -> Follower {
    switch storage {
    case .none: preconditionFailure("follower \(index) of none")
    case .one(let follower): return follower
    case .many(let followers): return followers[index]
    }
  }

  mutating func append(_ follower: Follower) {
    switch storage {
    case .none: storage = .one(follower)
    case .one(let first): storage = .many([first, follower])
    case .many(var followers):
      // Let go of first: a second owner would make every append copy them.
      storage = .none
      followers.append(follower)
      storage = .many(followers)
    }
  }

  mutating func remove(at index: Int) -> Follower {
    let removed = self[index]
    switch storage {
    case .none, .one: storage = .none
    case .many(var followers):
      storage = .none
      followers.remove(at: index)
      storage = followers.count == 1 ? .one(followers[0]) : .many(followers)
    }
    return removed
  }

  mutating func removeAll() { storage = .none }
}
