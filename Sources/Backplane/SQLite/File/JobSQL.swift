/// The text of a statement that is run for every job. It is found by what it is, not by what it
/// says: to read some hundred characters takes longer than to bind them their values.
final class JobSQL: Sendable {
  let text: String

  init(_ text: String) {
    self.text = text
  }
}
