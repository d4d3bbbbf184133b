/// A media type with its parameters (RFC 9110 section 8.3.1).
struct ContentType: Sendable, Equatable {
  /// One `name=value` behind the type.
  struct Parameter: Sendable, Equatable {
    /// In lower case.
    let name: String
    /// As it was sent, without quotes.
    let value: String
  }

  /// `type/subtype` in lower case.
  let essence: String

  let parameters: [Parameter]

  /// Parses one whole value; nil if it is not a media type.
  init?(_ bytes: ArraySlice<UInt8>) {
    var reader = FieldValueReader(Octets.trimmed(bytes))
    guard let type = reader.token(), reader.take(Octets.slash), let subtype = reader.token() else {
      return nil
    }
    var parameters: [Parameter] = []
    reader.skipBlanks()
    while !reader.isAtEnd {
      guard reader.take(UInt8(ascii: ";")) else { return nil }
      reader.skipBlanks()
      // Nothing between two semicolons is allowed (RFC 9110 section 5.6.6).
      guard let name = reader.token() else { continue }
      guard reader.take(UInt8(ascii: "=")), let value = reader.token() ?? reader.quotedString()
      else { return nil }
      parameters.append(Parameter(name: name.lowercased(), value: value))
      reader.skipBlanks()
    }
    self.essence = "\(type)/\(subtype)".lowercased()
    self.parameters = parameters
  }

  init?(_ text: String) {
    self.init(Array(text.utf8)[...])
  }

  /// What the request's body is; nil if it does not say so with exactly one valid field.
  init?(of head: RequestHead) {
    guard head.fields.count(of: "content-type") == 1,
      let bytes = head.fields.firstBytes("content-type")
    else { return nil }
    self.init(bytes)
  }

  /// One JSON text. A web page of another origin cannot send this type without a CORS preflight.
  var isJSON: Bool { essence == "application/json" }

  /// One JSON text a line. It needs a preflight likewise.
  var isNDJSON: Bool { essence == "application/x-ndjson" }

  /// The value of the first parameter of that lower-case name.
  func parameter(_ name: String) -> String? {
    parameters.first { $0.name == name }?.value
  }
}
