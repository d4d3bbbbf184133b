/// What `Accept` asks for (RFC 9110 section 12.5.1).
enum AcceptHeader {
  /// Whether the request lists `text/event-stream` itself, with a weight above 0. Wildcards do not
  /// count: a client that takes anything gets JSON. Members that are malformed are left out.
  static func prefersEventStream(_ head: RequestHead) -> Bool {
    names("text/event-stream", head)
  }

  /// Whether the request lists `text/html` itself, as browsers do where somebody visits a page.
  static func prefersPage(_ head: RequestHead) -> Bool { names("text/html", head) }

  private static func names(_ wanted: String, _ head: RequestHead) -> Bool {
    for index in 0..<head.fields.count
    where Octets.matches(head.fields.nameBytes(at: index), "accept") {
      for member in FieldValueReader.members(head.fields.valueBytes(at: index)) {
        guard let type = ContentType(member), type.essence == wanted else { continue }
        guard let weight = type.parameter("q") else { return true }
        if let thousandths = weightThousandths(weight), thousandths > 0 { return true }
      }
    }
    return false
  }

  /// Whether the request has no `Accept`, or one of `*/*` and nothing else: no preference at all.
  static func takesAnything(_ head: RequestHead) -> Bool {
    head.values("accept").allSatisfy { $0 == "*/*" }
  }

  /// A weight of 0 to 1 in thousandths; nil unless it is written with at most three decimals
  /// (RFC 9110 section 12.4.2).
  static func weightThousandths(_ text: String) -> Int? {
    let bytes = Array(text.utf8)
    guard let first = bytes.first, bytes.count <= 5, bytes.count < 2 || bytes[1] == 0x2e else {
      return nil
    }
    let decimals = bytes.dropFirst(2)
    guard decimals.allSatisfy(Octets.isDigit) else { return nil }
    var value = 0
    for position in 0..<3 {
      let digit = position < decimals.count ? bytes[2 + position] : UInt8(ascii: "0")
      value = value * 10 + Int(digit - UInt8(ascii: "0"))
    }
    switch first {
    case UInt8(ascii: "0"): return value
    case UInt8(ascii: "1"): return value == 0 ? 1_000 : nil
    default: return nil
    }
  }
}
