import FanfareRuntime

/// Requests to one server over one connection at a time, which is opened when it is needed and kept
/// between requests. Confined to the actor that owns it, on the loop of its socket.
///
/// An answer's body is read before the next request. After an error the connection is closed; the
/// next request opens a new one.
final class ClientConnection {
  private enum State {
    case closed
    case idle(ClientSocket)
    case body(ClientSocket, Body, keepsAlive: Bool)
  }

  private enum Body {
    case length(Int)
    case chunked(ChunkedBodyDecoder)
    case untilClose
  }

  private let url: ServerURL
  private let loop: EventLoop
  private let limits: ClientLimits
  private var state = State.closed
  /// The socket in use, so that ``close()`` finds it during a wait.
  private var socket: ClientSocket?
  private var isClosed = false
  /// Bytes received and not yet read: at most one read beyond the bound of a head.
  private var input: [UInt8] = []

  init(_ url: ServerURL, on loop: EventLoop, _ limits: ClientLimits) {
    self.url = url
    self.loop = loop
    self.limits = limits
  }

  /// Sends `request` and reads the head of its answer.
  func ask(_ request: ClientRequest) async throws(ClientError) -> ResponseHead {
    do throws(ClientError) {
      let socket = try await openSocket()
      let isSent = try await socket.send(
        request.bytes(to: url), within: limits.answerTimeout)
      let head = try await readHead(of: socket, answering: request)
      begin(head, socket, keepsAlive: isSent && head.keepAlive)
      return head
    } catch {
      await drop()
      throw error
    }
  }

  /// The next piece of the answer's body, nil at its end.
  func bodyPiece(within timeout: Duration) async throws(ClientError) -> [UInt8]? {
    guard case .body(let socket, let body, let keepsAlive) = state else { return nil }
    do throws(ClientError) {
      let piece = try await piece(of: body, from: socket, within: timeout, keepsAlive)
      if piece == nil { await bodyEnded(socket, keepsAlive) }
      return piece
    } catch {
      await drop()
      throw error
    }
  }

  /// Sends bytes of the protocol that the connection was switched to.
  func say(_ bytes: [UInt8]) async throws(ClientError) {
    guard case .body(let socket, .untilClose, _) = state else { return }
    do throws(ClientError) {
      _ = try await socket.send(bytes, within: limits.answerTimeout)
    } catch {
      await drop()
      throw error
    }
  }

  /// The whole body of an answer.
  func body() async throws(ClientError) -> [UInt8] {
    var bytes: [UInt8] = []
    while let piece = try await bodyPiece(within: limits.answerTimeout) {
      bytes += piece
      guard bytes.count <= limits.answerBytesMax else {
        await drop()
        throw .notUnderstood("\(url) answered with more than \(limits.answerBytesMax) bytes")
      }
    }
    return bytes
  }

  /// Closes the connection and lets a call that waits end with ``ClientError/closed``. For good.
  func close() async {
    isClosed = true
    await drop()
  }

  /// Closes the connection; the next request opens another.
  func drop() async {
    state = .closed
    input = []
    let socket = socket
    self.socket = nil
    await socket?.close()
  }

  // MARK: Connecting

  private func openSocket() async throws(ClientError) -> ClientSocket {
    if case .idle(let socket) = state, await socket.isOpen { return socket }
    await drop()
    let address = try await Self.resolve(url)
    guard !isClosed else { throw .closed }
    let socket = ClientSocket(url, on: loop)
    self.socket = socket
    try await socket.connect(to: address, within: limits.connectTimeout)
    guard !isClosed else { throw .closed }
    state = .idle(socket)
    return socket
  }

  /// Off the loop: a name server may take its time.
  @concurrent private static func resolve(
    _ url: ServerURL
  ) async throws(ClientError) -> SocketAddress {
    do {
      return try SocketAddress.resolve(host: url.lookupHost, port: url.port)
    } catch {
      throw .unreachable("cannot reach \(url): the name \(url.lookupHost) is not known")
    }
  }

  // MARK: Reading

  private func readHead(
    of socket: ClientSocket, answering request: ClientRequest
  ) async throws(ClientError) -> ResponseHead {
    var parser = ResponseHeadParser(headBytesMax: limits.headBytesMax, answering: request.method)
    while true {
      let arrived = input
      switch parser.parse(arrived.span) {
      case .needsMore:
        let bytes = try await socket.receive(within: limits.answerTimeout)
        guard !bytes.isEmpty else { throw .lost("the server ended it without an answer") }
        input += bytes
      case .malformed:
        throw .notUnderstood("\(url) does not answer in HTTP/1.1; is it a Fanfare server?")
      case .head(let head, let consumed):
        input.removeFirst(consumed)
        if head.status == 101, request.upgrades { return head }
        // 1xx is not the answer yet, but nobody asked for another protocol.
        guard head.status != 101 else {
          throw .notUnderstood("\(url) switched to another protocol unasked")
        }
        if head.status >= 200 { return head }
      }
    }
  }

  private func begin(_ head: ResponseHead, _ socket: ClientSocket, keepsAlive: Bool) {
    let body: Body =
      switch head.framing {
      case .none where head.status == 101: .untilClose
      case .none: .length(0)
      case .length(let length): .length(length)
      case .chunked: .chunked(ChunkedBodyDecoder())
      case .untilClose: .untilClose
      }
    state = .body(socket, body, keepsAlive: keepsAlive)
  }

  private func piece(
    of body: Body, from socket: ClientSocket, within timeout: Duration, _ keepsAlive: Bool
  ) async throws(ClientError) -> [UInt8]? {
    switch body {
    case .length(let rest):
      guard rest > 0 else { return nil }
      var bytes = try await received(from: socket, within: timeout)
      guard !bytes.isEmpty else { throw .lost("the server ended it within an answer") }
      if bytes.count > rest {
        input = Array(bytes[rest...])
        bytes.removeLast(bytes.count - rest)
      }
      state = .body(socket, .length(rest - bytes.count), keepsAlive: keepsAlive)
      return bytes
    case .chunked(var decoder):
      while true {
        let bytes = try await received(from: socket, within: timeout)
        guard !bytes.isEmpty else { throw .lost("the server ended it within an answer") }
        var decoded: [UInt8] = []
        switch decoder.decode(bytes.span, into: &decoded, limit: .max) {
        case .refused: throw .notUnderstood("\(url) answered with malformed chunks")
        case .needsMore:
          guard !decoded.isEmpty else { continue }
          state = .body(socket, .chunked(decoder), keepsAlive: keepsAlive)
        case .complete(let consumed):
          input = Array(bytes[consumed...])
          state = .body(socket, .length(0), keepsAlive: keepsAlive)
          if decoded.isEmpty { return nil }
        }
        return decoded
      }
    case .untilClose:
      let bytes = try await received(from: socket, within: timeout)
      return bytes.isEmpty ? nil : bytes
    }
  }

  private func received(
    from socket: ClientSocket, within timeout: Duration
  ) async throws(ClientError) -> [UInt8] {
    guard input.isEmpty else {
      defer { input = [] }
      return input
    }
    return try await socket.receive(within: timeout)
  }

  private func bodyEnded(_ socket: ClientSocket, _ keepsAlive: Bool) async {
    // Bytes that no request asked for would be taken for the next answer.
    if keepsAlive, input.isEmpty {
      state = .idle(socket)
    } else {
      await drop()
    }
  }
}
