/// An event stream as a test reads it, block by block. It remembers the last id as a browser does.
package final class TestEventStream {
  package let connection: TestConnection
  package let head: HTTPAnswer
  /// The last id seen: what a browser would send as `Last-Event-ID`.
  package private(set) var cursor: String?
  /// Every block read so far.
  package private(set) var blocks: [SSEBlock] = []
  /// How much of the input is known to hold no end of a block: large ones come in many pieces.
  private var searched = 0

  /// Opens a stream at `target` and reads the head of the answer.
  package init(
    port: UInt16, _ target: String, _ fields: [String] = ["Accept: text/event-stream"],
    receiveBufferBytes: Int? = nil
  ) throws {
    connection = try TestConnection(port: port, receiveBufferBytes: receiveBufferBytes)
    try connection.request("GET", target, fields)
    head = try connection.head()
    guard head.status == 200, head["content-type"] == "text/event-stream" else {
      throw ClientFailure.malformed("no stream: \(head.statusLine)")
    }
  }

  /// The next block; `nil` when the stream has ended at the end of a block.
  package func next(_ deadline: Deadline = Deadline()) throws -> SSEBlock? {
    let lines: [String]
    do {
      lines = try connection.read("a block", deadline, until: takeLines)
    } catch ClientFailure.closed {
      guard connection.input.isEmpty else { throw ClientFailure.closed("the end of a block") }
      return nil
    }
    return try keep(lines)
  }

  /// The blocks that have arrived, without waiting. Reads from the socket once.
  package func arrived() throws -> [SSEBlock] {
    try connection.peek()
    var arrived: [SSEBlock] = []
    while let lines = try connection.shorten(takeLines) { arrived.append(try keep(lines)) }
    return arrived
  }

  private func takeLines(_ input: inout [UInt8]) throws -> [String]? {
    var index = searched
    while index + 1 < input.count, input[index] != 0x0A || input[index + 1] != 0x0A { index += 1 }
    guard index + 1 < input.count else {
      searched = index
      return nil
    }
    searched = 0
    defer { input.removeFirst(index + 2) }
    guard !input[..<index].contains(0x0D) else {
      throw ClientFailure.malformed("a CR in the stream")
    }
    return input[..<index].split(separator: 0x0A, omittingEmptySubsequences: false)
      .map { String(decoding: $0, as: UTF8.self) }
  }

  private func keep(_ lines: [String]) throws -> SSEBlock {
    let block = try SSEBlock(lines: lines)
    if let id = block.id { cursor = id }
    blocks.append(block)
    return block
  }

  /// The next block that there must be.
  package func block(_ deadline: Deadline = Deadline()) throws -> SSEBlock {
    guard let block = try next(deadline) else { throw ClientFailure.closed("a block") }
    return block
  }

  /// The next block for which `isWanted` holds; those before it are passed over.
  package func block(
    _ deadline: Deadline = Deadline(), where isWanted: (SSEBlock) -> Bool
  ) throws -> SSEBlock {
    while true {
      let block = try block(deadline)
      if isWanted(block) { return block }
    }
  }

  /// The beginning of every stream: the reconnection time, a comment, the verdicts and the cursor.
  package func attached() throws -> AttachedBody {
    let retry = try block()
    guard let milliseconds = retry.retry, (1_000...4_000).contains(milliseconds) else {
      throw ClientFailure.malformed("the first block is \(retry)")
    }
    guard try block().isComment else { throw ClientFailure.malformed("no comment") }
    let attached = try block()
    guard attached.event == "fanfare.attached", attached.id == nil else {
      throw ClientFailure.malformed("instead of the verdicts: \(attached)")
    }
    guard try block().isCursor else { throw ClientFailure.malformed("no cursor") }
    return try attached.json()
  }

  /// The next `count` events; comments and cursors between them are passed over, anything else is a
  /// fault.
  package func events(_ count: Int, _ deadline: Deadline = Deadline()) throws -> [SSEBlock] {
    var events: [SSEBlock] = []
    while events.count < count {
      let block = try block(deadline)
      if block.isEvent {
        events.append(block)
      } else if !block.isCursor, !block.isComment {
        throw ClientFailure.malformed("among the events: \(block)")
      }
    }
    return events
  }

  package func close() { connection.socket.close() }
}
