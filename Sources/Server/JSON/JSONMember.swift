/// One member of a JSON object, its value still in place.
struct JSONMember: Equatable {
  /// The key, its escapes resolved.
  let key: String
  /// Where the value lies, without the white space around it; a string with its quotes.
  let value: Range<Int>
  /// The kind of the value.
  let kind: JSONKind
}
