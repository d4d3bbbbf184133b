/// Percent-encoding of RFC 3986 section 2.1.
enum PercentCoding {
  /// The text that `bytes` encode, which must be UTF-8 without NUL.
  ///
  /// - Parameter plusIsSpace: reads `+` as a space, as HTML forms write their queries.
  static func decode(
    _ bytes: ArraySlice<UInt8>, plusIsSpace: Bool = false
  ) throws(RefusalReason) -> String {
    var decoded: [UInt8] = []
    decoded.reserveCapacity(bytes.count)
    var index = bytes.startIndex
    while index < bytes.endIndex {
      let byte = bytes[index]
      if byte == Octets.percent {
        guard let value = escape(bytes, at: index) else { throw .targetEscape }
        decoded.append(value)
        index += 3
      } else {
        decoded.append(plusIsSpace && byte == UInt8(ascii: "+") ? Octets.space : byte)
        index += 1
      }
    }
    guard !decoded.contains(0), let text = String(validating: decoded, as: UTF8.self) else {
      throw .targetText
    }
    return text
  }

  /// Checks that `bytes` are whole escapes and bytes that `allows` admits.
  static func check(
    _ bytes: ArraySlice<UInt8>, allows: (UInt8) -> Bool
  ) throws(RefusalReason) {
    var index = bytes.startIndex
    while index < bytes.endIndex {
      let byte = bytes[index]
      if byte == Octets.percent {
        guard escape(bytes, at: index) != nil else { throw .targetEscape }
        index += 3
      } else {
        guard allows(byte) else { throw .targetByte }
        index += 1
      }
    }
  }

  /// `text` as one path segment or one query name or value: all but unreserved bytes are escaped.
  static func encode(_ text: String) -> String {
    let digits = Array("0123456789ABCDEF".utf8)
    var encoded: [UInt8] = []
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
        encoded.append(byte)
      case _ where Octets.isAlpha(byte) || Octets.isDigit(byte):
        encoded.append(byte)
      default:
        encoded += [Octets.percent, digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      }
    }
    return String(decoding: encoded, as: UTF8.self)
  }

  private static func escape(_ bytes: ArraySlice<UInt8>, at index: Int) -> UInt8? {
    guard index + 2 < bytes.endIndex,
      let high = Octets.hexValue(bytes[index + 1]), let low = Octets.hexValue(bytes[index + 2])
    else { return nil }
    return high << 4 | low
  }
}
