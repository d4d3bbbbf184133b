/// The target of a request, checked and split (RFC 9112 section 3.2, RFC 3986).
///
/// Accepted are an absolute path, an `http` or `https` URL, and `*`. Paths with dot segments are
/// refused, so no two spellings of a path reach different handlers.
struct RequestTarget: Sendable, Equatable {
  /// The path as it was sent, beginning with `/`; or `*`.
  let path: String

  /// What followed the `?`, as it was sent; nil without a `?`.
  let query: String?

  /// The decoded parts between the slashes of the path: `/a%2Fb/` gives `["a/b", ""]`, `/` and `*`
  /// give none. Split before decoding, so a part may hold a slash. None is `.` or `..`, and none
  /// holds NUL.
  let segments: [String]

  /// The host of an absolute URL. It counts instead of the `Host` field (RFC 9112 section 3.2.2).
  let authority: HostAuthority?

  /// Whether the target is `*`: the server as a whole. Only `OPTIONS` may ask for that.
  var isAsterisk: Bool { path == "*" }

  init(_ bytes: ArraySlice<UInt8>, method: HTTPMethod) throws(RefusalReason) {
    if bytes.elementsEqual("*".utf8) {
      guard method == .options else { throw .targetFormRefused }
      self.init(path: "*", query: nil, segments: [], authority: nil)
      return
    }
    var authority: HostAuthority?
    var rest = bytes
    if rest.first != Octets.slash {
      rest = try RequestTarget.afterScheme(bytes)
      let end = rest.firstIndex { $0 == Octets.slash || $0 == UInt8(ascii: "?") } ?? rest.endIndex
      guard let host = HostAuthority(rest[..<end]) else { throw .hostInvalid }
      authority = host
      rest = rest[end...]
    }
    let mark = rest.firstIndex(of: UInt8(ascii: "?"))
    let path = rest[..<(mark ?? rest.endIndex)]
    try PercentCoding.check(path) { Octets.isPathByte($0) || $0 == Octets.slash }
    var query: String?
    if let mark {
      let raw = rest[(mark + 1)...]
      try PercentCoding.check(raw) { byte in
        Octets.isPathByte(byte) || byte == Octets.slash || byte == UInt8(ascii: "?")
      }
      query = String(decoding: raw, as: UTF8.self)
    }
    self.init(
      path: path.isEmpty ? "/" : String(decoding: path, as: UTF8.self),
      query: query, segments: try RequestTarget.split(path), authority: authority)
  }

  private init(path: String, query: String?, segments: [String], authority: HostAuthority?) {
    self.path = path
    self.query = query
    self.segments = segments
    self.authority = authority
  }

  /// The decoded pairs of the query in their order: `+` is a space, a name without `=` has an empty
  /// value, empty pairs are left out. Decoded on each call.
  ///
  /// Throws ``RefusalReason/targetText`` if a name or value is not UTF-8 or holds NUL.
  func queryItems() throws(RequestRefusal) -> [(name: String, value: String)] {
    guard let query else { return [] }
    do {
      return try RequestTarget.pairs(Array(query.utf8))
    } catch {
      throw RequestRefusal(error)
    }
  }

  private static func pairs(
    _ query: [UInt8]
  ) throws(RefusalReason) -> [(name: String, value: String)] {
    var items: [(name: String, value: String)] = []
    for pair in query.split(separator: UInt8(ascii: "&")) {
      let equals = pair.firstIndex(of: UInt8(ascii: "=")) ?? pair.endIndex
      let name = try PercentCoding.decode(pair[..<equals], plusIsSpace: true)
      let value = try PercentCoding.decode(pair[equals...].dropFirst(), plusIsSpace: true)
      items.append((name, value))
    }
    return items
  }

  /// The part of an absolute URL behind `http://` or `https://`.
  private static func afterScheme(
    _ bytes: ArraySlice<UInt8>
  ) throws(RefusalReason) -> ArraySlice<UInt8> {
    for scheme in ["http://", "https://"] {
      let length = scheme.utf8.count
      if Octets.matches(bytes.prefix(length), scheme) { return bytes.dropFirst(length) }
    }
    throw .targetFormRefused
  }

  private static func split(_ path: ArraySlice<UInt8>) throws(RefusalReason) -> [String] {
    guard path.count > 1 else { return [] }
    var segments: [String] = []
    for part in path.dropFirst().split(
      separator: Octets.slash, omittingEmptySubsequences: false)
    {
      let segment = try PercentCoding.decode(part)
      guard segment != ".", segment != ".." else { throw .targetDotSegment }
      segments.append(segment)
    }
    return segments
  }
}
