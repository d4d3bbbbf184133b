/// Names a job for good: later jobs of a store have greater ones. It begins with the time of its
/// making, so that a store that was lost does not give a name twice.
package struct JobID: Sendable, Hashable, Comparable, CustomStringConvertible {
  /// Positive.
  package let number: Int64

  /// The id of this number; `nil` unless it is positive.
  package init?(_ number: Int64) {
    guard number > 0 else { return nil }
    self.number = number
  }

  /// The id that was written as `text`: 1 to 13 characters of `[0-9a-z]`, without leading zeros.
  package init?(_ text: String) {
    guard let number = Int64(text, radix: 36), String(number, radix: 36) == text else {
      return nil
    }
    self.init(number)
  }

  /// The id for something made at `milliseconds` since 1970, after `last`.
  package static func next(after last: Int64, at milliseconds: Int64) -> Int64 {
    max(last + 1, milliseconds << 20)
  }

  /// In base 36, as clients see it.
  package var description: String { String(number, radix: 36) }

  /// The order in which they were made.
  package static func < (left: Self, right: Self) -> Bool { left.number < right.number }
}

/// Names a workflow, as ``JobID`` does a job; the two share their numbers.
package struct WorkflowID: Sendable, Hashable, Comparable, CustomStringConvertible {
  /// Positive.
  package let number: Int64

  /// The id of this number; `nil` unless it is positive.
  package init?(_ number: Int64) {
    guard number > 0 else { return nil }
    self.number = number
  }

  /// The id that was written as `text`.
  package init?(_ text: String) {
    guard let id = JobID(text) else { return nil }
    number = id.number
  }

  /// In base 36, as clients see it.
  package var description: String { String(number, radix: 36) }

  /// The order in which they were made.
  package static func < (left: Self, right: Self) -> Bool { left.number < right.number }
}

/// The fencing token of a lease: the number of times that its job had been leased, this one
/// included. What is written under an older one is refused.
package struct LeaseToken: Sendable, Hashable, CustomStringConvertible {
  /// Positive.
  package let number: Int64

  /// The token of this number; `nil` unless it is positive.
  package init?(_ number: Int64) {
    guard number > 0 else { return nil }
    self.number = number
  }

  /// The token that was written as `text`.
  package init?(_ text: String) {
    guard let id = JobID(text) else { return nil }
    number = id.number
  }

  /// In base 36, as workers see it.
  package var description: String { String(number, radix: 36) }
}
