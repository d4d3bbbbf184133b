/// The members of a JSON object that a server sent, by name.
struct JSONFields {
  private let bytes: [UInt8]
  private let members: [JSONMember]

  /// Nil unless `bytes` are one JSON object.
  init?(_ bytes: [UInt8]) {
    self.init(bytes, 0..<bytes.count)
  }

  private init?(_ bytes: [UInt8], _ range: Range<Int>) {
    guard let members = try? JSONObjectReader.members(of: bytes.span, in: range) else { return nil }
    self.bytes = bytes
    self.members = members
  }

  /// The text of a member that is a string.
  func string(_ key: String) -> String? {
    guard let member = self[key], member.kind == .string else { return nil }
    return JSONString.decode(bytes.span, member.value)
  }

  /// The value of a member that is a whole number.
  func int(_ key: String) -> Int? {
    guard let member = self[key], member.kind == .number else { return nil }
    return JSONNumber.int(bytes.span, member.value)
  }

  /// The bytes of a member's value.
  func raw(_ key: String) -> [UInt8]? {
    self[key].map { Array(bytes[$0.value]) }
  }

  /// The objects in a member that is an array of objects.
  func objects(_ key: String) -> [JSONFields]? {
    elements(key)?.reduce([]) { objects, range in
      guard let objects, let object = JSONFields(bytes, range) else { return nil }
      return objects + [object]
    }
  }

  /// The bytes of each value in a member that is an array.
  func rawElements(_ key: String) -> [[UInt8]]? {
    elements(key)?.map { Array(bytes[$0]) }
  }

  /// The texts in a member that is an array of strings.
  func strings(_ key: String) -> [String]? {
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
