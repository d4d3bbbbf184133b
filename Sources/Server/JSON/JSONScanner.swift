/// Proves that bytes are JSON (RFC 8259, nothing more lenient) and says where the value lies,
/// without building it: what clients send as `data` is carried byte for byte.
///
/// Besides the grammar: strings are well-formed UTF-8, there is no byte order mark, and nesting is
/// at most ``JSONNesting/depthMax``. An escaped lone surrogate is grammatical and passes. One pass,
/// no recursion, no allocation.
enum JSONScanner {
  /// The one value in `range`.
  ///
  /// - Returns: where it lies, without the white space around it.
  /// - Throws: the first fault.
  static func value(
    in bytes: Span<UInt8>, range: Range<Int>
  ) throws(JSONFault) -> Range<Int> {
    // Cut at its end only, so that every index is also one into `bytes`.
    let text = bytes.extracting(0..<range.upperBound)
    let start = try startOfDocument(in: text, from: range.lowerBound)
    let end = try endOfValue(in: text, from: start, outerDepth: 0)
    try expectEnd(of: text, from: end)
    return start..<end
  }

  /// Where the value of a whole document begins.
  static func startOfDocument(
    in text: Span<UInt8>, from start: Int
  ) throws(JSONFault) -> Int {
    let index = skipWhiteSpace(in: text, from: start)
    guard index < text.count else { throw JSONFault(offset: index, kind: .empty) }
    if index == start, text[index] == 0xEF, index + 2 < text.count, text[index + 1] == 0xBB,
      text[index + 2] == 0xBF
    {
      throw JSONFault(offset: index, kind: .byteOrderMark)
    }
    return index
  }

  /// Refuses everything but white space after a document's value.
  static func expectEnd(of text: Span<UInt8>, from end: Int) throws(JSONFault) {
    let index = skipWhiteSpace(in: text, from: end)
    guard index == text.count else { throw JSONFault(offset: index, kind: .trailingBytes) }
  }

  /// The end of the value that begins at `start`, before which no white space may stand.
  ///
  /// - Parameter outerDepth: how many objects and arrays the value stands in.
  static func endOfValue(
    in text: Span<UInt8>, from start: Int, outerDepth: Int
  ) throws(JSONFault) -> Int {
    var nesting = JSONNesting(outerDepth: outerDepth)
    var index = start
    while true {
      guard index < text.count else { throw JSONFault(offset: index, kind: .endedEarly) }
      switch text[index] {
      case UInt8(ascii: "\""):
        index = try endOfString(in: text, from: index)
      case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
        index = try endOfNumber(in: text, from: index)
      case UInt8(ascii: "{"):
        guard !nesting.isFull else { throw JSONFault(offset: index, kind: .tooDeep) }
        index = skipWhiteSpace(in: text, from: index + 1)
        if index < text.count, text[index] == UInt8(ascii: "}") {
          index += 1
        } else {
          nesting.open(object: true)
          index = try endOfKey(in: text, from: index).value
          continue
        }
      case UInt8(ascii: "["):
        guard !nesting.isFull else { throw JSONFault(offset: index, kind: .tooDeep) }
        index = skipWhiteSpace(in: text, from: index + 1)
        if index < text.count, text[index] == UInt8(ascii: "]") {
          index += 1
        } else {
          nesting.open(object: false)
          continue
        }
      case UInt8(ascii: "t"):
        index = try endOfWord(in: text, from: index, rest: 0x65_75_72)
      case UInt8(ascii: "f"):
        index = try endOfWord(in: text, from: index, rest: 0x65_73_6C_61)
      case UInt8(ascii: "n"):
        index = try endOfWord(in: text, from: index, rest: 0x6C_6C_75)
      default:
        throw JSONFault(offset: index, kind: .valueExpected)
      }
      guard let next = try startOfNextValue(in: text, from: &index, nesting: &nesting) else {
        return index
      }
      index = next
    }
  }

  /// After a value: closes what ends here, and finds the next value of what is still open.
  ///
  /// - Returns: nil if nothing is open any more; `index` is then the end of the outermost value.
  @inline(__always)
  private static func startOfNextValue(
    in text: Span<UInt8>, from index: inout Int, nesting: inout JSONNesting
  ) throws(JSONFault) -> Int? {
    while !nesting.isEmpty {
      index = skipWhiteSpace(in: text, from: index)
      guard index < text.count else { throw JSONFault(offset: index, kind: .endedEarly) }
      let byte = text[index]
      if byte == UInt8(ascii: ",") {
        let next = skipWhiteSpace(in: text, from: index + 1)
        return nesting.isInObject ? try endOfKey(in: text, from: next).value : next
      }
      if nesting.isInObject {
        guard byte == UInt8(ascii: "}") else {
          throw JSONFault(offset: index, kind: .commaOrBraceExpected)
        }
      } else {
        guard byte == UInt8(ascii: "]") else {
          throw JSONFault(offset: index, kind: .commaOrBracketExpected)
        }
      }
      nesting.close()
      index += 1
    }
    return nil
  }

  /// A key and its colon.
  ///
  /// - Returns: the end of the key's string, and where its value must begin.
  static func endOfKey(
    in text: Span<UInt8>, from start: Int
  ) throws(JSONFault) -> (key: Int, value: Int) {
    guard start < text.count else { throw JSONFault(offset: start, kind: .endedEarly) }
    guard text[start] == UInt8(ascii: "\"") else {
      throw JSONFault(offset: start, kind: .keyExpected)
    }
    let key = try endOfString(in: text, from: start)
    let colon = skipWhiteSpace(in: text, from: key)
    guard colon < text.count else { throw JSONFault(offset: colon, kind: .endedEarly) }
    guard text[colon] == UInt8(ascii: ":") else {
      throw JSONFault(offset: colon, kind: .colonExpected)
    }
    return (key, skipWhiteSpace(in: text, from: colon + 1))
  }

  /// Space, tab, LF and CR: no other white space is JSON's.
  @inline(__always)
  static func skipWhiteSpace(in text: Span<UInt8>, from start: Int) -> Int {
    var index = start
    while index < text.count {
      let byte = text[index]
      guard byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { break }
      index += 1
    }
    return index
  }
}
