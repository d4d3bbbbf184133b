/// A request's head that kept every rule of RFC 9112: what to route by, and the fields.
struct RequestHead: Sendable, Equatable {
  let method: HTTPMethod
  let target: RequestTarget

  /// 0 for HTTP/1.0, 1 for HTTP/1.1.
  let minorVersion: Int

  let fields: FieldSection

  /// How the body that follows is delimited.
  let framing: BodyFraming

  /// The host that is asked: of the target if it is a URL, else of the `Host` field. Only an
  /// HTTP/1.0 request may lack it.
  let authority: HostAuthority?

  private let methodBytes: Int

  init(_ line: RequestLine, _ fields: FieldSection) throws(RefusalReason) {
    let hosts = fields.count(of: "host")
    guard hosts <= 1 else { throw .hostRepeated }
    var authority: HostAuthority?
    if let bytes = fields.firstBytes("host") {
      authority = HostAuthority(bytes)
      guard authority != nil else { throw .hostInvalid }
    } else if line.minorVersion == 1 {
      throw .hostMissing
    }
    self.method = line.method
    self.methodBytes = line.methodBytes
    self.target = line.target
    self.minorVersion = line.minorVersion
    self.framing = try BodyFraming.of(fields, minorVersion: line.minorVersion)
    self.authority = line.target.authority ?? authority
    self.fields = fields
  }

  /// The method as it was sent, also if it is ``HTTPMethod/other``.
  var methodName: String { String(decoding: fields.bytes[..<methodBytes], as: UTF8.self) }

  /// ``authority`` as text in lower case.
  var host: String? { authority?.description }

  /// Whether the connection may carry another request after this one (RFC 9112 section 9.3).
  var keepAlive: Bool {
    if fields.listContains("close", in: "connection") { return false }
    return minorVersion == 1 || fields.listContains("keep-alive", in: "connection")
  }

  /// Whether the client waits for `100 Continue` before it sends the body (RFC 9110 section
  /// 10.1.1). Never so in HTTP/1.0 or where no body follows.
  var expectsContinue: Bool {
    guard minorVersion == 1, fields.listContains("100-continue", in: "expect") else {
      return false
    }
    return switch framing {
    case .none: false
    case .length(let length): length > 0
    case .chunked: true
    }
  }

  /// Whether the client asks to go on in `protocolName` (lower case), naming it in `Upgrade` and
  /// `upgrade` in `Connection` (RFC 9110 section 7.8). HTTP/1.0 cannot ask that.
  func upgrades(to protocolName: String) -> Bool {
    minorVersion == 1 && fields.listContains("upgrade", in: "connection")
      && fields.listContains(protocolName, in: "upgrade")
  }

  /// The value of the first field line of that lower-case name.
  func first(_ name: String) -> String? { fields.first(name) }

  /// The values of all field lines of that lower-case name; lists are not split.
  func values(_ name: String) -> [String] { fields.values(name) }

  /// Whether there is a field line of that lower-case name.
  func contains(_ name: String) -> Bool { fields.contains(name) }
}
