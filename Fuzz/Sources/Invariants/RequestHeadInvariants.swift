@testable import FanfareServer

/// What must hold of ``RequestHeadParser`` for any bytes.
public enum RequestHeadInvariants {
  /// Small, so that inputs reach it.
  static let headBytesMax = 2048

  /// The invariant that `bytes` break; nil if they break none.
  public static func violation(_ bytes: [UInt8]) -> String? {
    var parser = RequestHeadParser(headBytesMax: headBytesMax)
    let whole = parser.parse(bytes.span)
    guard outcome(bytes, ends: Array(0...bytes.count)) == whole else {
      return "byte by byte differs from one read"
    }
    var splitter = InputSplitter(seed: bytes)
    guard outcome(bytes, ends: [0] + splitter.ends(count: bytes.count)) == whole else {
      return "several reads differ from one"
    }
    switch whole {
    case .needsMore:
      return bytes.count >= headBytesMax ? "a full head needs more" : nil
    case .refused(let refusal):
      guard parser.parse(bytes.span) == whole else { return "a refusal is taken back" }
      return [400, 414, 431, 505].contains(refusal.status) ? nil : "status \(refusal.status)"
    case .head(let head, let consumed):
      return violation(head, consumed: consumed, of: bytes)
    }
  }

  private static func outcome(_ bytes: [UInt8], ends: [Int]) -> RequestHeadParser.Outcome {
    var parser = RequestHeadParser(headBytesMax: headBytesMax)
    for end in ends {
      let outcome = parser.parse(bytes.span.extracting(0..<end))
      if outcome != .needsMore { return outcome }
    }
    return .needsMore
  }

  private static func violation(
    _ head: RequestHead, consumed: Int, of bytes: [UInt8]
  ) -> String? {
    guard consumed <= min(bytes.count, headBytesMax) else { return "consumed too much" }
    let kept = head.fields.bytes
    guard kept.elementsEqual(bytes[..<consumed].suffix(kept.count)),
      [0, 2].contains(consumed - kept.count)
    else { return "the bytes kept are not those of the head" }
    let ends = kept.indices.filter { kept[$0...].starts(with: "\r\n\r\n".utf8) }
    guard ends == [kept.count - 4] else { return "the head does not end at its empty line" }
    if let message = framingViolation(head) ?? targetViolation(head) { return message }

    let again = serialized(head)
    var parser = RequestHeadParser(headBytesMax: 1 << 20)
    guard case .head(let copy, again.count) = parser.parse(again.span) else {
      return "the head written again is refused"
    }
    guard isSame(head, copy) else { return "the head written again differs" }
    exercise(head)
    return nil
  }

  /// No second reading of the head's length is left open, and no line end is hidden in it.
  private static func framingViolation(_ head: RequestHead) -> String? {
    let bytes = head.fields.bytes
    for (index, byte) in bytes.enumerated() {
      if byte == 0x0a, index == 0 || bytes[index - 1] != 0x0d { return "bare LF accepted" }
      if byte == 0x0d, bytes[index + 1] != 0x0a { return "bare CR accepted" }
      if byte == 0 || byte == 0x7f { return "control byte accepted" }
    }
    let lengths = head.values("content-length")
    let codings = head.values("transfer-encoding")
    switch head.framing {
    case .none:
      return lengths.isEmpty && codings.isEmpty ? nil : "framing fields ignored"
    case .length(let length):
      return codings.isEmpty && lengths.count == 1 && lengths.first.flatMap(Int.init) == length
        && length >= 0 ? nil : "length misread"
    case .chunked:
      return lengths.isEmpty && codings.map { $0.lowercased() } == ["chunked"]
        && head.minorVersion == 1 ? nil : "coding misread"
    }
  }

  private static func targetViolation(_ head: RequestHead) -> String? {
    let target = head.target
    guard head.host != nil || head.minorVersion == 0 else { return "no host" }
    if target.isAsterisk { return head.method == .options ? nil : "* accepted" }
    guard target.path.first == "/" else { return "path without a slash" }
    guard !target.segments.contains(where: { $0 == "." || $0 == ".." || $0.contains("\0") }) else {
      return "segment accepted"
    }
    // A slash between every two segments and one before the first; none in `/`.
    let path = "/" + target.segments.map(PercentCoding.encode).joined(separator: "/")
    guard let again = try? RequestTarget(Array(path.utf8)[...], method: head.method) else {
      return "segments written again are refused"
    }
    return again.segments == target.segments ? nil : "segments written again differ"
  }

  private static func serialized(_ head: RequestHead) -> [UInt8] {
    let target = head.target
    let query = target.query.map { "?\($0)" } ?? ""
    let origin = target.authority.map { "http://\($0)" } ?? ""
    let version = "HTTP/1.\(head.minorVersion)"
    var bytes = Array("\(head.methodName) \(origin)\(target.path)\(query) \(version)\r\n".utf8)
    for index in 0..<head.fields.count {
      bytes += head.fields.nameBytes(at: index)
      bytes += ": ".utf8
      bytes += head.fields.valueBytes(at: index)
      bytes += "\r\n".utf8
    }
    return bytes + "\r\n".utf8
  }

  private static func isSame(_ one: RequestHead, _ other: RequestHead) -> Bool {
    one.method == other.method && one.methodName == other.methodName && one.target == other.target
      && one.minorVersion == other.minorVersion && one.framing == other.framing
      && one.authority == other.authority && one.keepAlive == other.keepAlive
      && one.expectsContinue == other.expectsContinue && one.fields.count == other.fields.count
      && (0..<one.fields.count).allSatisfy { index in
        one.fields.nameBytes(at: index) == other.fields.nameBytes(at: index)
          && one.fields.valueBytes(at: index) == other.fields.valueBytes(at: index)
      }
  }

  /// Reads everything that is read on demand: it must not trap.
  private static func exercise(_ head: RequestHead) {
    _ = try? head.target.queryItems()
    _ = head.upgrades(to: "websocket")
    _ = ContentType(of: head)
    _ = AcceptHeader.prefersEventStream(head)
    let policy = try? OriginPolicy(
      allowedOrigins: ["https://app.example"], allowedHosts: ["a"], listenPorts: [8080],
      checksHostAlways: true)
    _ = policy?.decide(head)
    _ = policy?.preflight(head)
  }
}
