/// A response's head, as the command-line client reads it.
struct ResponseHead: Sendable, Equatable {
  /// 100 to 599. A status below 200 is not the answer yet: another head follows, but after 101.
  let status: Int

  /// 0 for HTTP/1.0, 1 for HTTP/1.1.
  let minorVersion: Int

  let fields: FieldSection

  /// How the body that follows is delimited.
  let framing: ResponseFraming

  init(
    _ line: StatusLine, _ fields: FieldSection, answering method: HTTPMethod
  ) throws(RefusalReason) {
    self.status = line.status
    self.minorVersion = line.minorVersion
    self.framing = try ResponseFraming(
      status: line.status, answering: method, fields: fields, minorVersion: line.minorVersion)
    self.fields = fields
  }

  /// Whether another request may be sent on the connection after this response.
  var keepAlive: Bool {
    if framing == .untilClose || fields.listContains("close", in: "connection") { return false }
    return minorVersion == 1 || fields.listContains("keep-alive", in: "connection")
  }

  /// The value of the first field line of that lower-case name.
  func first(_ name: String) -> String? { fields.first(name) }

  /// The values of all field lines of that lower-case name; lists are not split.
  func values(_ name: String) -> [String] { fields.values(name) }

  /// Whether there is a field line of that lower-case name.
  func contains(_ name: String) -> Bool { fields.contains(name) }
}
