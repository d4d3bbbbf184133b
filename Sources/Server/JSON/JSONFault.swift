/// Why a text is not the JSON that was asked for, and where.
struct JSONFault: Error, Equatable {
  /// What is wrong.
  enum Kind: Equatable {
    /// There is nothing but white space.
    case empty
    /// The text begins with a byte order mark.
    case byteOrderMark
    /// The text ends inside a value.
    case endedEarly
    /// No value begins with this byte.
    case valueExpected
    /// A key in quotes must stand here.
    case keyExpected
    /// A key must be followed by a colon.
    case colonExpected
    /// A member must be followed by a comma or the end of its object.
    case commaOrBraceExpected
    /// An element must be followed by a comma or the end of its array.
    case commaOrBracketExpected
    /// A word that begins like `true`, `false` or `null` is none of them.
    case badLiteral
    /// A number breaks the grammar: a leading zero, or no digit where one must be.
    case badNumber
    /// A byte below 0x20 stands unescaped in a string.
    case controlByteInString
    /// An unknown escape, or `\u` without four hexadecimal digits.
    case badEscape
    /// The bytes are not well-formed UTF-8.
    case badUTF8
    /// Objects and arrays are nested deeper than ``JSONNesting/depthMax``.
    case tooDeep
    /// Something other than white space follows the value.
    case trailingBytes
    /// The text is valid JSON, but not an object.
    case objectExpected
    /// The object has this key more than once.
    case duplicateKey(String)
  }

  /// Where, as an index into the bytes that were given. At the end of the range if the text ended
  /// early.
  let offset: Int
  /// What is wrong.
  let kind: Kind

  /// Whether the text breaks the grammar of JSON. Else it is JSON that breaks a rule of ours.
  var isMalformed: Bool {
    switch kind {
    case .objectExpected, .duplicateKey, .tooDeep:
      false
    case .empty, .byteOrderMark, .endedEarly, .valueExpected, .keyExpected, .colonExpected,
      .commaOrBraceExpected, .commaOrBracketExpected, .badLiteral, .badNumber,
      .controlByteInString, .badEscape, .badUTF8, .trailingBytes:
      true
    }
  }
}

extension JSONFault: CustomStringConvertible {
  /// How many characters of a key are repeated in a description.
  private static let keyCharactersMax = 64

  /// One sentence for the client. The byte is counted from 0.
  var description: String {
    "\(reason) at byte \(offset)."
  }

  private var reason: String {
    switch kind {
    case .empty: "A JSON value is missing"
    case .byteOrderMark: "A byte order mark is not allowed"
    case .endedEarly: "The JSON ends too early"
    case .valueExpected: "A JSON value is expected"
    case .keyExpected: "A key in double quotes is expected"
    case .colonExpected: "A colon is expected after the key"
    case .commaOrBraceExpected: "A comma or a closing brace is expected"
    case .commaOrBracketExpected: "A comma or a closing bracket is expected"
    case .badLiteral: "Only the words true, false and null may stand without quotes, not the one"
    case .badNumber: "A digit is missing or a leading zero is too many"
    case .controlByteInString: "A control character in a string must be escaped"
    case .badEscape: "An escape in a string is unknown or incomplete"
    case .badUTF8: "The text is not valid UTF-8"
    case .tooDeep: "Objects and arrays are nested deeper than \(JSONNesting.depthMax)"
    case .trailingBytes: "Nothing may follow the JSON value"
    case .objectExpected: "A JSON object is expected"
    case .duplicateKey(let key):
      "The key \"\(key.prefix(Self.keyCharactersMax))\" is given a second time"
    }
  }
}
