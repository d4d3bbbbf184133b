/// The fields of one head: its bytes, kept once, and where each name and value lies in them.
///
/// Names given to the look-ups are lower-case ASCII; they match in any case and without allocating.
/// A value that is not UTF-8 reads with U+FFFD in place of the bytes that are not.
struct FieldSection: Sendable, Equatable {
  /// The whole head, from the first byte of its start line to the CRLF that ends it.
  let bytes: [UInt8]

  private let ranges: [FieldRange]

  init(bytes: [UInt8], ranges: [FieldRange]) {
    self.bytes = bytes
    self.ranges = ranges
  }

  /// The number of field lines.
  var count: Int { ranges.count }

  func nameBytes(at index: Int) -> ArraySlice<UInt8> { bytes[ranges[index].name] }

  func valueBytes(at index: Int) -> ArraySlice<UInt8> { bytes[ranges[index].value] }

  /// The value of the first line of that name.
  func first(_ name: String) -> String? {
    for index in ranges.indices where matches(index, name) { return text(index) }
    return nil
  }

  /// The values of all lines of that name, in their order. Lists are not split at commas.
  func values(_ name: String) -> [String] {
    ranges.indices.filter { matches($0, name) }.map { text($0) }
  }

  func contains(_ name: String) -> Bool {
    ranges.indices.contains { matches($0, name) }
  }

  /// How many lines have that name.
  func count(of name: String) -> Int {
    ranges.indices.count { matches($0, name) }
  }

  /// The bytes of the first value of that name.
  func firstBytes(_ name: String) -> ArraySlice<UInt8>? {
    for index in ranges.indices where matches(index, name) { return valueBytes(at: index) }
    return nil
  }

  /// Whether a member of that comma-separated list field is `token`, in any case.
  func listContains(_ token: String, in name: String) -> Bool {
    for index in ranges.indices where matches(index, name) {
      for member in valueBytes(at: index).split(separator: Octets.comma)
      where Octets.matches(Octets.trimmed(member), token) {
        return true
      }
    }
    return false
  }

  private func matches(_ index: Int, _ name: String) -> Bool {
    Octets.matches(nameBytes(at: index), name)
  }

  private func text(_ index: Int) -> String {
    String(decoding: valueBytes(at: index), as: UTF8.self)
  }
}
