/// One connection of a test: raw bytes out, raw bytes in, and HTTP answers read off them. It knows
/// nothing of the server's own codecs, so that a fault there cannot hide here.
package final class TestConnection {
  package let socket: TestSocket
  /// What has been received and not read yet.
  package private(set) var input: [UInt8] = []
  /// Whether the server has closed its sending side and all before that is in ``input``.
  package private(set) var hasEnded = false

  package init(port: UInt16, receiveBufferBytes: Int? = nil) throws {
    socket = try TestSocket(port: port, receiveBufferBytes: receiveBufferBytes)
  }

  // MARK: Out

  /// Sends all of `bytes`, reading meanwhile what the server answers: a server may stop reading
  /// until its answers are taken.
  package func send(_ bytes: [UInt8], _ deadline: Deadline = Deadline()) throws {
    var rest = bytes[...]
    while !rest.isEmpty {
      rest = rest.dropFirst(try socket.sendSome(rest))
      guard !rest.isEmpty else { return }
      guard socket.waits(writing: true, reading: !hasEnded, deadline) else {
        throw ClientFailure.timedOut("send")
      }
      if !hasEnded { try take() }
    }
  }

  package func send(_ text: String) throws { try send(Array(text.utf8)) }

  /// Sends a request with a `Host`, and with a `Content-Length` where there is a body.
  package func request(
    _ method: String, _ target: String, _ fields: [String] = [], body: String? = nil
  ) throws {
    var text = "\(method) \(target) HTTP/1.1\r\nHost: localhost\r\n"
    for field in fields { text += field + "\r\n" }
    if let body { text += "Content-Length: \(body.utf8.count)\r\n" }
    try send(text + "\r\n" + (body ?? ""))
  }

  /// Sends a request and reads its answer.
  package func ask(
    _ method: String, _ target: String, _ fields: [String] = [], body: String? = nil
  ) throws -> HTTPAnswer {
    try request(method, target, fields, body: body)
    return try answer(to: method)
  }

  /// Publishes one event with a JSON body made of `type` and the text `data`.
  package func publish(
    _ target: String, _ type: String, _ data: String, _ fields: [String] = []
  ) throws -> HTTPAnswer {
    try ask(
      "POST", target, ["Content-Type: application/json"] + fields,
      body: #"{"type":"\#(type)","data":\#(data)}"#)
  }

  /// Publishes lines of NDJSON.
  package func publish(lines: [String], _ target: String, _ fields: [String] = []) throws
    -> HTTPAnswer
  {
    try ask(
      "POST", target, ["Content-Type: application/x-ndjson"] + fields,
      body: lines.map { $0 + "\n" }.joined())
  }

  // MARK: In

  private func take() throws {
    switch try socket.receiveSome() {
    case .bytes(let bytes): input += bytes
    case .end: hasEnded = true
    case nil: break
    }
  }

  /// Takes what has arrived, without waiting.
  package func peek() throws { try take() }

  /// What `found` makes of the bytes received, which it may shorten.
  package func shorten<Result>(_ found: (inout [UInt8]) throws -> Result?) rethrows -> Result? {
    try found(&input)
  }

  /// Reads until `found` answers something about the bytes received, which it may shorten.
  package func read<Result>(
    _ what: String, _ deadline: Deadline = Deadline(),
    until found: (inout [UInt8]) throws -> Result?
  ) throws -> Result {
    while true {
      if let result = try found(&input) { return result }
      guard !hasEnded else { throw ClientFailure.closed(what) }
      guard socket.waits(deadline) else {
        throw ClientFailure.timedOut(
          "\(what); \(input.count) bytes: \(String(decoding: input.prefix(300), as: UTF8.self))")
      }
      try take()
    }
  }

  /// The next answer, of a request with `method`. Interim answers come as any other.
  package func answer(
    to method: String = "GET", _ deadline: Deadline = Deadline()
  ) throws -> HTTPAnswer {
    var answer = try head(deadline)
    if method == "HEAD" || answer.status == 204 || answer.status < 200 { return answer }
    if let text = answer["content-length"] {
      guard let count = Int(text) else { throw ClientFailure.malformed("length \(text)") }
      answer.body = try read("a body of \(count) bytes", deadline) { input in
        guard input.count >= count else { return nil }
        defer { input.removeFirst(count) }
        return Array(input[..<count])
      }
    } else {
      answer.body = try rest(deadline)
    }
    return answer
  }

  /// The head of the next answer.
  package func head(_ deadline: Deadline = Deadline()) throws -> HTTPAnswer {
    let bytes = try read("a head", deadline) { input -> [UInt8]? in
      guard let end = input.firstRange(of: Array("\r\n\r\n".utf8)) else { return nil }
      defer { input.removeFirst(end.upperBound) }
      return Array(input[..<end.upperBound])
    }
    return try HTTPAnswer(head: String(decoding: bytes, as: UTF8.self))
  }

  /// All that comes until the server closes its sending side.
  package func rest(_ deadline: Deadline = Deadline()) throws -> [UInt8] {
    while !hasEnded {
      guard socket.waits(deadline) else { throw ClientFailure.timedOut("the end") }
      try take()
    }
    defer { input = [] }
    return input
  }

  /// Whether the server closes the connection, orderly or not, without another byte.
  package func isClosedSilently(_ deadline: Deadline = Deadline()) throws -> Bool {
    do {
      return try rest(deadline).isEmpty
    } catch ClientFailure.reset {
      return input.isEmpty
    }
  }
}
