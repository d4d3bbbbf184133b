import FanfareRuntime
import Synchronization
import Testing

@testable import FanfareServer

/// A server that answers each request with the next of its replies, whatever was asked.
final class ScriptedServer: Sendable {
  enum Reply: Sendable {
    case send(String)
    case sendAndClose(String)
    case hangUp
    case silence
  }

  struct Request: Sendable, Equatable {
    /// Which connection it came on, counted from 0.
    let connection: Int
    let head: RequestHead
    let bytes: [UInt8]
  }

  let group: LoopGroup
  let url: ServerURL
  private let script: LoopConfined<Script>

  init(_ replies: [Reply]) async throws {
    group = try LoopGroup.start(count: 2)
    let loop = group.loops[1]
    let made = await loop.run { () -> Result<(LoopConfined<Script>, UInt16), RuntimeError> in
      Result { () throws(RuntimeError) in
        let script = Script(replies)
        let listener = try Listener(
          SocketAddress.resolve(host: "127.0.0.1", port: 0), on: loop,
          accepted: { script.accept($0) }, failed: { _ in })
        return (LoopConfined(script, to: loop), listener.address?.port ?? 0)
      }
    }
    let (script, port) = try made.get()
    self.script = script
    url = try ServerURL("http://127.0.0.1:\(port)/base/")
  }

  /// The loop for clients.
  var loop: EventLoop { group.loops[0] }

  func requests() async -> [Request] {
    await script.loop.run { [script] in script.get.requests }
  }

  func stop() async { await group.stop() }

  final class Script {
    private var replies: [Reply]
    private var connections = 0
    fileprivate(set) var requests: [Request] = []

    init(_ replies: [Reply]) {
      self.replies = replies
    }

    fileprivate func accept(_ stream: FanfareRuntime.Stream) {
      stream.delegate = Peer(connections, self)
      connections += 1
    }

    fileprivate func reply() -> Reply { replies.isEmpty ? .silence : replies.removeFirst() }
  }

  private final class Peer: StreamDelegate {
    private let number: Int
    private let script: Script

    init(_ number: Int, _ script: Script) {
      self.number = number
      self.script = script
    }

    func streamHasInput(_ stream: FanfareRuntime.Stream) {
      let bytes = stream.withInput { [UInt8]($0) }
      var parser = RequestHeadParser(headBytesMax: 16 * 1024)
      guard case .head(let head, let consumed) = parser.parse(bytes.span) else { return }
      var bodyBytes = 0
      if case .length(let length) = head.framing { bodyBytes = length }
      guard bytes.count >= consumed + bodyBytes else { return }
      stream.consume(consumed + bodyBytes)
      let request = Array(bytes[..<(consumed + bodyBytes)])
      script.requests.append(Request(connection: number, head: head, bytes: request))
      switch script.reply() {
      case .send(let text): _ = stream.send(Array(text.utf8).span)
      case .sendAndClose(let text):
        _ = stream.send(Array(text.utf8).span)
        stream.close()
      case .hangUp: stream.close()
      case .silence: break
      }
    }

    func streamIsWritable(_ stream: FanfareRuntime.Stream) {}
    func streamEnded(_ stream: FanfareRuntime.Stream, _ end: StreamEnd) { stream.close() }
  }
}

extension ScriptedServer.Reply {
  static func json(_ status: Int, _ body: String, _ fields: String = "") -> Self {
    .send(
      "HTTP/1.1 \(status) X\r\n\(fields)Content-Type: application/json\r\n"
        + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
  }

  /// A stream that goes on.
  static func stream(_ text: String) -> Self { .send(Self.streamHead + text) }

  /// A stream that ends.
  static func endedStream(_ text: String) -> Self { .sendAndClose(Self.streamHead + text) }

  private static let streamHead = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
}
