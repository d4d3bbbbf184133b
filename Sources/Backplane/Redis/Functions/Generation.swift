import FanfareActors
import FanfareRuntime

/// Names one life of all logs in a Redis: raised when their tails may have been lost. It is part of
/// every epoch, so that raising it renews them all at once.
package struct Generation: Sendable, Hashable, CustomStringConvertible {
  /// Five characters of `[0-9a-z]`.
  package let text: String

  /// `nil` where `text` is not of five such characters.
  package init?(_ text: some StringProtocol) {
    guard text.utf8.count == 5, Epoch(text) != nil else { return nil }
    self.text = String(text)
  }

  /// One that has not been before, as far as chance goes: one in 60 million.
  package init(random: inout SeededGenerator) {
    let digits = Array("0123456789abcdefghijklmnopqrstuvwxyz")
    text = String((0..<5).map { _ in digits[Int.random(in: 0..<36, using: &random)] })
  }

  /// The one that `epoch` is of; `nil` where a Redis did not make it.
  package init?(of epoch: Epoch) {
    guard epoch.text.utf8.count == 12 else { return nil }
    self.init(epoch.text.dropFirst(5).prefix(5))
  }

  package var description: String { text }
}
