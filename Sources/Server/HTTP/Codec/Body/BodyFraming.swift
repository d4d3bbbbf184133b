/// How the length of a message's body is known (RFC 9112 section 6.3).
enum BodyFraming: Sendable, Equatable {
  /// There is no body.
  case none
  /// The body has that many bytes.
  case length(Int)
  /// The body comes in chunks and says its own end.
  case chunked

  /// What the framing fields of a head say. A head that could be read in two ways is refused
  /// whole: that is how requests are smuggled past a proxy (RFC 9112 section 11.2).
  static func of(_ fields: FieldSection, minorVersion: Int) throws(RefusalReason) -> BodyFraming {
    let lengths = fields.count(of: "content-length")
    let codings = fields.count(of: "transfer-encoding")
    guard lengths == 0 || codings == 0 else { throw .framingAmbiguous }
    guard lengths <= 1 else { throw .contentLengthRepeated }
    if let coding = fields.firstBytes("transfer-encoding") {
      guard codings == 1, minorVersion == 1, Octets.matches(coding, "chunked") else {
        throw .transferEncodingRefused
      }
      return .chunked
    }
    guard let length = fields.firstBytes("content-length") else { return .none }
    return .length(try decimal(length))
  }

  private static func decimal(_ digits: ArraySlice<UInt8>) throws(RefusalReason) -> Int {
    guard !digits.isEmpty else { throw .contentLengthInvalid }
    var value = 0
    for byte in digits {
      guard Octets.isDigit(byte) else { throw .contentLengthInvalid }
      let (tens, tensOverflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, sumOverflow) = tens.addingReportingOverflow(Int(byte - UInt8(ascii: "0")))
      guard !tensOverflow, !sumOverflow else { throw .contentLengthInvalid }
      value = sum
    }
    return value
  }
}
