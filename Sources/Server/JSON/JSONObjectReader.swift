/// Takes one JSON object apart: a request body, a line of NDJSON, a WebSocket message.
enum JSONObjectReader {
  /// From this many members on, keys are found by hash: a body of tiny members must not cost time
  /// that grows with the square of their number.
  private static let comparedMembersMax = 16

  /// The members of the one object in `range`, in their order. The whole range is validated, as by
  /// ``JSONScanner/value(in:range:)``.
  ///
  /// Two keys that `==` finds equal are refused: readers differ in which one they take. That holds
  /// for this object only, not for the objects within its values.
  ///
  /// - Throws: the first fault; ``JSONFault/Kind/objectExpected`` only for well-formed JSON.
  static func members(
    of bytes: Span<UInt8>, in range: Range<Int>
  ) throws(JSONFault) -> [JSONMember] {
    let text = bytes.extracting(0..<range.upperBound)
    let start = try JSONScanner.startOfDocument(in: text, from: range.lowerBound)
    guard text[start] == UInt8(ascii: "{") else {
      let end = try JSONScanner.endOfValue(in: text, from: start, outerDepth: 0)
      try JSONScanner.expectEnd(of: text, from: end)
      throw JSONFault(offset: start, kind: .objectExpected)
    }
    var members: [JSONMember] = []
    members.reserveCapacity(4)
    var keys: Set<String> = []
    var index = JSONScanner.skipWhiteSpace(in: text, from: start + 1)
    var isOpen = !(index < text.count && text[index] == UInt8(ascii: "}"))
    while isOpen {
      let member = try member(in: text, from: index)
      guard isNew(member.key, among: members, keys: &keys) else {
        throw JSONFault(offset: index, kind: .duplicateKey(member.key))
      }
      members.append(member)
      index = JSONScanner.skipWhiteSpace(in: text, from: member.value.upperBound)
      guard index < text.count else { throw JSONFault(offset: index, kind: .endedEarly) }
      switch text[index] {
      case UInt8(ascii: ","): index = JSONScanner.skipWhiteSpace(in: text, from: index + 1)
      case UInt8(ascii: "}"): isOpen = false
      default: throw JSONFault(offset: index, kind: .commaOrBraceExpected)
      }
    }
    try JSONScanner.expectEnd(of: text, from: index + 1)
    return members
  }

  private static func member(
    in text: Span<UInt8>, from start: Int
  ) throws(JSONFault) -> JSONMember {
    let ends = try JSONScanner.endOfKey(in: text, from: start)
    guard ends.value < text.count else { throw JSONFault(offset: ends.value, kind: .endedEarly) }
    guard let kind = JSONKind(firstByte: text[ends.value]) else {
      throw JSONFault(offset: ends.value, kind: .valueExpected)
    }
    let end = try JSONScanner.endOfValue(in: text, from: ends.value, outerDepth: 1)
    let key = JSONString.decode(text, start..<ends.key)
    return JSONMember(key: key, value: ends.value..<end, kind: kind)
  }

  private static func isNew(
    _ key: String, among members: [JSONMember], keys: inout Set<String>
  ) -> Bool {
    guard members.count >= comparedMembersMax else {
      return !members.contains { $0.key == key }
    }
    if keys.isEmpty { keys.formUnion(members.map(\.key)) }
    return keys.insert(key).inserted
  }
}
