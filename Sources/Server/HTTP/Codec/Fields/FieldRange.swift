/// Where one field line's name and value lie in the bytes of its head.
struct FieldRange: Sendable, Equatable {
  /// Offsets from the head's first byte. Four bytes each keep a head of 100 fields small.
  private let nameStart: UInt32
  private let nameEnd: UInt32
  private let valueStart: UInt32
  private let valueEnd: UInt32

  var name: Range<Int> { Int(nameStart)..<Int(nameEnd) }

  /// The value without the blanks around it.
  var value: Range<Int> { Int(valueStart)..<Int(valueEnd) }

  /// Parses one field line (RFC 9112 section 5), strictly: no folding, no blank before the colon.
  ///
  /// - Parameters:
  ///   - line: the line in `input`, without CRLF and free of control bytes but HTAB.
  ///   - base: where the head begins in `input`; the offsets count from there.
  init(_ input: Span<UInt8>, _ line: Range<Int>, base: Int) throws(RefusalReason) {
    var colon = line.lowerBound
    while colon < line.upperBound, Octets.isToken(input[colon]) { colon += 1 }
    guard colon < line.upperBound else { throw .fieldColonMissing }
    let stop = input[colon]
    guard colon > line.lowerBound else {
      throw Octets.isBlank(stop) ? .fieldFolded : .fieldNameInvalid
    }
    guard stop == Octets.colon else {
      throw Octets.isBlank(stop) ? .fieldNameSpace : .fieldNameInvalid
    }
    var start = colon + 1
    var end = line.upperBound
    while start < end, Octets.isBlank(input[start]) { start += 1 }
    while end > start, Octets.isBlank(input[end - 1]) { end -= 1 }
    nameStart = UInt32(line.lowerBound - base)
    nameEnd = UInt32(colon - base)
    valueStart = UInt32(start - base)
    valueEnd = UInt32(end - base)
  }
}
