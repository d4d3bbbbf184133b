/// A JSON array of numbers, or of words in which JSON would escape nothing: `[1,2]`,
/// `["clone","test"]`.
enum PlainList {
  static func text(_ elements: [String]) -> String { "[\(elements.joined(separator: ","))]" }

  /// The numbers or words, without their quotes.
  static func read(_ text: String?) -> [String] {
    (text ?? "").split { "[],\"".contains($0) }.map(String.init)
  }
}
