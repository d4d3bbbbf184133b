import CEpoll
import FanfareRuntime

/// What those who put jobs into a server, and those who take them out, share.
///
/// `@unchecked Sendable`: used on the loop alone.
class JobLoad: Asker, @unchecked Sendable {
  let connection: PipelinedConnection
  /// What went wrong first.
  var failure: String? { fault }
  private var fault: String?
  /// When the last answer came.
  private(set) var last: UInt64 = 0
  /// Requests that have no answer yet.
  private(set) var waiting = 0
  private let host: [UInt8]

  init(_ loop: LoadLoop, to server: SocketAddress) {
    connection = PipelinedConnection(loop, to: server)
    host = Array(" HTTP/1.1\r\nHost: \(server.text)\r\nContent-Type: application/".utf8)
  }

  /// Once, on the loop.
  func begin() {
    connection.asker = self
    connection.begin()
    connection.connect()
  }

  func close() { connection.close() }

  /// Appends one request.
  func post(_ target: [UInt8], _ body: [UInt8], isLines: Bool = false) {
    waiting += 1
    connection.output.append(contentsOf: "POST ".utf8)
    connection.output.append(contentsOf: target)
    connection.output.append(contentsOf: host)
    connection.output.append(contentsOf: (isLines ? "x-ndjson" : "json").utf8)
    connection.output.append(contentsOf: "\r\nContent-Length: \(body.count)\r\n\r\n".utf8)
    connection.output.append(contentsOf: body)
  }

  func answered(_ status: Int, _ body: UnsafeBufferPointer<UInt8>) {
    waiting -= 1
    last = LoadLoop.now
    guard (200...201).contains(status) else {
      return fail("an answer \(status): \(String(decoding: body.prefix(300), as: UTF8.self))")
    }
    done(body)
  }

  /// The answer to the oldest request.
  func done(_ body: UnsafeBufferPointer<UInt8>) {}

  func canAsk() {}

  func connectionEnded(_ reason: String) { fail("a connection \(reason)") }

  func fail(_ reason: String) {
    fault = fault ?? reason
    close()
  }
}
