/// Why a head or body was refused: one case for each rule of RFC 9110 and RFC 9112 that can break.
///
/// The raw value is the stable label of `fanfare_errors_total{protocol,reason}`: never renamed.
enum RefusalReason: String, Error, Sendable, Equatable, CaseIterable {
  case bareCarriageReturn = "bare-cr"
  case bareLineFeed = "bare-lf"
  case controlByte = "control-byte"
  case requestLineMalformed = "request-line"
  case methodInvalid = "method"
  case versionMalformed = "version"
  case versionUnsupported = "version-unsupported"
  case targetFormRefused = "target-form"
  case targetByte = "target-byte"
  case targetEscape = "target-escape"
  case targetText = "target-text"
  case targetDotSegment = "target-dot-segment"
  case targetTooLong = "target-too-long"
  case headTooLarge = "head-too-large"
  case fieldsTooMany = "fields-too-many"
  case fieldFolded = "field-folded"
  case fieldColonMissing = "field-colon"
  case fieldNameInvalid = "field-name"
  case fieldNameSpace = "field-name-space"
  case hostMissing = "host-missing"
  case hostRepeated = "host-repeated"
  case hostInvalid = "host"
  case contentLengthInvalid = "content-length"
  case contentLengthRepeated = "content-length-repeated"
  case framingAmbiguous = "framing-ambiguous"
  case transferEncodingRefused = "transfer-encoding"
  case chunkSizeInvalid = "chunk-size"
  case chunkExtensionTooLong = "chunk-extension-too-long"
  case chunkUndelimited = "chunk-delimiter"
  case trailerTooLarge = "trailer-too-large"
  case bodyTooLarge = "body-too-large"
  case statusLineMalformed = "status-line"

  /// The short name for metrics and logs.
  var label: String { rawValue }

  /// The status that answers it. The connection is closed after every one of them: where the next
  /// request would begin is not known any more.
  var status: Int {
    switch self {
    case .bareCarriageReturn, .bareLineFeed, .controlByte, .requestLineMalformed, .methodInvalid,
      .versionMalformed, .targetFormRefused, .targetByte, .targetEscape, .targetText,
      .targetDotSegment, .fieldFolded, .fieldColonMissing, .fieldNameInvalid, .fieldNameSpace,
      .hostMissing, .hostRepeated, .hostInvalid, .contentLengthInvalid, .contentLengthRepeated,
      .framingAmbiguous, .transferEncodingRefused, .chunkSizeInvalid, .chunkExtensionTooLong,
      .chunkUndelimited, .statusLineMalformed:
      400
    case .bodyTooLarge: 413
    case .targetTooLong: 414
    case .headTooLarge, .fieldsTooMany, .trailerTooLarge: 431
    case .versionUnsupported: 505
    }
  }

  /// One sentence that says what to mend.
  var detail: String {
    switch self {
    case .bareCarriageReturn: "A CR must be followed by LF; send each line with CRLF at its end."
    case .bareLineFeed: "A line must end with CRLF, not with LF alone."
    case .controlByte: "Remove the control byte from the head; only HTAB is allowed in values."
    case .requestLineMalformed:
      "Send the request line as method, one space, target, one space, HTTP/1.1."
    case .methodInvalid: "The method must be a token of at most 32 bytes."
    case .versionMalformed: "The version must be HTTP/1.0 or HTTP/1.1."
    case .versionUnsupported: "Speak HTTP/1.1; later versions are not served on this port."
    case .targetFormRefused:
      "Send the target as an absolute path or an http(s) URL; `*` is for OPTIONS only."
    case .targetByte: "Percent-encode every byte of the target that a URI does not allow."
    case .targetEscape: "A `%` in the target must be followed by two hexadecimal digits."
    case .targetText: "The decoded target must be UTF-8 without NUL."
    case .targetDotSegment: "Remove the `.` and `..` segments from the path."
    case .targetTooLong: "Shorten the request target."
    case .headTooLarge: "Send fewer or shorter header fields."
    case .fieldsTooMany: "Send at most 100 header fields."
    case .fieldFolded: "Write each header field on one line; folded lines are not accepted."
    case .fieldColonMissing: "Every header line needs a name, a colon and a value."
    case .fieldNameInvalid: "A header field's name must be a token of at least one byte."
    case .fieldNameSpace: "Remove the white space before the colon of the header field."
    case .hostMissing: "Send one Host header field."
    case .hostRepeated: "Send only one Host header field."
    case .hostInvalid: "The host must be a name or address with an optional port."
    case .contentLengthInvalid: "Content-Length must be one decimal number."
    case .contentLengthRepeated: "Send only one Content-Length header field."
    case .framingAmbiguous: "Send either Content-Length or Transfer-Encoding, not both."
    case .transferEncodingRefused:
      "The only Transfer-Encoding accepted is one `chunked`, in HTTP/1.1."
    case .chunkSizeInvalid: "A chunk must begin with its size in 1 to 16 hexadecimal digits."
    case .chunkExtensionTooLong: "Send no more than 1 KiB of chunk extensions in a body."
    case .chunkUndelimited: "A chunk's data must be followed by CRLF and have the size it states."
    case .trailerTooLarge: "Send no more than 8 KiB of trailer fields."
    case .bodyTooLarge: "Send a smaller body."
    case .statusLineMalformed: "The status line must be HTTP/1.x, a three-digit code, a reason."
    }
  }
}
