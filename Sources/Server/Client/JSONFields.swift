/// The members of a JSON object that a server sent, by name.
package struct JSONFields {
  private let bytes: [UInt8]
  private let range: Range<Int>
  private let members: [JSONMember]

  /// Nil unless `bytes` are one JSON object.
  package init?(_ bytes: [UInt8]) {
    self.init(bytes, 0..<bytes.count)
  }

  private init?(_ bytes: [UInt8], _ range: Range<Int>) {
    guard let members = try? JSONObjectReader.members(of: bytes.span, in: range) else { return nil }
    self.bytes = bytes
    self.range = range
    self.members = members
  }

  /// The object as it came.
  package var text: [UInt8] { Array(bytes[range]) }

  /// The text of a member that is a string.
  package func string(_ key: String) -> String? {
    guard let member = self[key], member.kind == .string else { return nil }
    return JSONString.decode(bytes.span, member.value)
  }

  /// The value of a member that is a whole number.
  package func int(_ key: String) -> Int? {
    guard let member = self[key], member.kind == .number else { return nil }
    return JSONNumber.int(bytes.span, member.value)
  }

  /// The value of a member that is a number.
  package func double(_ key: String) -> Double? {
    guard let member = self[key], member.kind == .number else { return nil }
    return JSONNumber.double(bytes.span, member.value)
  }

  /// Whether a member is `true`.
  package func isTrue(_ key: String) -> Bool { self[key]?.kind == .true }

  /// Whether a member is there and something.
  package func has(_ key: String) -> Bool { self[key].map { $0.kind != .null } ?? false }

  /// The members of a member that is an object.
  package func object(_ key: String) -> JSONFields? {
    self[key].flatMap { $0.kind == .object ? JSONFields(bytes, $0.value) : nil }
  }

  /// The names of the members, in their order.
  package var keys: [String] { members.map(\.key) }

  /// The bytes of a member's value.
  package func raw(_ key: String) -> [UInt8]? {
    self[key].map { Array(bytes[$0.value]) }
  }

  /// The objects in a member that is an array of objects.
  package func objects(_ key: String) -> [JSONFields]? {
    elements(key)?.reduce([]) { objects, range in
      guard let objects, let object = JSONFields(bytes, range) else { return nil }
      return objects + [object]
    }
  }

  /// The bytes of each value in a member that is an array.
  package func rawElements(_ key: String) -> [[UInt8]]? {
    elements(key)?.map { Array(bytes[$0]) }
  }

  /// The texts in a member that is an array of strings.
  package func strings(_ key: String) -> [String]? {
    guard let member = self[key], member.kind == .array else { return nil }
    return JSONArrayReader.strings(of: bytes.span, in: member.value)
  }

  private subscript(key: String) -> JSONMember? { members.first { $0.key == key } }

  /// Where the elements of an array lie. The object has been validated as a whole.
  private func elements(_ key: String) -> [Range<Int>]? {
    guard let member = self[key], member.kind == .array else { return nil }
    return JSONArrayReader.elements(of: bytes.span, in: member.value)
  }
}
