/// A name that people choose for something of theirs: 1 to 128 characters of `[A-Za-z0-9_.:@-]`.
package protocol PlainName: Sendable, Hashable, Comparable, CustomStringConvertible {
  /// The name as it was given.
  var text: String { get }

  /// Takes `text` as it is; it has been checked.
  init(checked text: String)
}

extension PlainName {
  /// `nil` where `text` breaks the rule.
  package init?(_ text: String) {
    guard (1...128).contains(text.utf8.count), text.utf8.allSatisfy(Self.isAllowed) else {
      return nil
    }
    self.init(checked: text)
  }

  /// What a refused name has to be told.
  package static var rule: String { "1-128 characters of A-Z a-z 0-9 _ . : @ -" }

  /// The name itself.
  package var description: String { text }

  /// The order of the names' bytes.
  package static func < (left: Self, right: Self) -> Bool { left.text < right.text }

  private static func isAllowed(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."),
      UInt8(ascii: ":"), UInt8(ascii: "@"), UInt8(ascii: "-"):
      true
    default: false
    }
  }
}

/// Where jobs of one kind wait for their workers.
package struct QueueName: PlainName {
  package let text: String
  package init(checked text: String) { self.text = text }
}

/// What is to be done: by this name a worker finds its code.
package struct TaskName: PlainName {
  package let text: String
  package init(checked text: String) { self.text = text }
}

/// Who does it.
package struct WorkerName: PlainName {
  package let text: String
  package init(checked text: String) { self.text = text }
}

/// What jobs share a budget under, such as the account at a provider.
package struct RateKey: PlainName {
  package let text: String
  package init(checked text: String) { self.text = text }
}
