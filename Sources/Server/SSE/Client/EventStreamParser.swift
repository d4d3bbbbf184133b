/// Reads a `text/event-stream`, as a browser's `EventSource` does (WHATWG HTML, section 9.2.6).
///
/// Bytes may come in pieces of any size. A block counts once its blank line has come; what the
/// stream's end cuts off is lost with the parser, as it must be. Only comments and `retry` count at
/// once.
struct EventStreamParser {
  /// A longer `retry` is taken as this: 2^31 - 1, about 25 days, which no timer overflows on.
  static let retryMillisecondsMax = Int(Int32.max)

  /// What the blocks so far say to resume after; empty if nothing.
  private(set) var lastEventID: String

  private let blockBytesMax: Int
  private var state = State.firstLine
  /// Whether the last byte was a CR that ended a line, so that an LF now is the rest of that end.
  private var isAfterCR = false
  /// The beginning of a line whose end has not come yet.
  private var partialLine: [UInt8] = []
  private var block = EventStreamBlock()

  private enum State {
    /// Only here a byte order mark is skipped.
    case firstLine
    case laterLine
    case failed(EventStreamFault)
  }

  /// - Parameters:
  ///   - lastEventID: what an earlier connection has left; blocks without an `id` keep it.
  ///   - blockBytesMax: the bytes that a block may hold until it ends, its unfinished line
  ///     included. A block that would hold more fails the stream.
  init(lastEventID: String = "", blockBytesMax: Int = 1024 * 1024) {
    self.lastEventID = lastEventID
    self.blockBytesMax = blockBytesMax
  }

  /// Reads on. What is found does not depend on how the stream is cut into pieces.
  ///
  /// - Throws: a fault, now and at every later call.
  mutating func receive(
    _ bytes: Span<UInt8>, _ emit: (EventStreamItem) -> Void
  ) throws(EventStreamFault) {
    if case .failed(let fault) = state { throw fault }
    var start = 0
    if isAfterCR, bytes.count > 0 {
      isAfterCR = false
      if bytes[0] == 0x0A { start = 1 }
    }
    while start < bytes.count {
      var end = start
      while end < bytes.count, bytes[end] != 0x0A, bytes[end] != 0x0D { end += 1 }
      let piece = bytes.extracting(start..<end)
      try admit(piece.count)
      guard end < bytes.count else {
        keep(piece)
        return
      }
      finishLine(with: piece, emit)
      start = end + 1
      if bytes[end] == 0x0D {
        if start == bytes.count {
          isAfterCR = true
        } else if bytes[start] == 0x0A {
          start += 1
        }
      }
    }
  }

  /// Refuses a line whose bytes would make the block too large, before they are kept or read. A
  /// line never holds less than what remains of it in the block.
  private mutating func admit(_ count: Int) throws(EventStreamFault) {
    guard partialLine.count + count <= blockBytesMax - block.bytesHeld else {
      let fault = EventStreamFault.blockTooLarge(blockBytesMax: blockBytesMax)
      state = .failed(fault)
      partialLine = []
      block = EventStreamBlock()
      throw fault
    }
  }

  private mutating func keep(_ piece: Span<UInt8>) {
    Octets.append(piece, 0..<piece.count, to: &partialLine)
  }

  private mutating func finishLine(with piece: Span<UInt8>, _ emit: (EventStreamItem) -> Void) {
    guard !partialLine.isEmpty else {
      read(piece, emit)
      return
    }
    keep(piece)
    var line: [UInt8] = []
    swap(&line, &partialLine)
    read(line.span, emit)
    // Its memory serves the next line.
    line.removeAll(keepingCapacity: true)
    partialLine = line
  }

  private mutating func read(_ line: Span<UInt8>, _ emit: (EventStreamItem) -> Void) {
    var line = line
    if case .firstLine = state {
      state = .laterLine
      if line.count >= 3, line[0] == 0xEF, line[1] == 0xBB, line[2] == 0xBF {
        line = line.extracting(3...)
      }
    }
    if line.isEmpty {
      dispatch(emit)
    } else if line[0] == UInt8(ascii: ":") {
      emit(.comment(EventStreamBlock.copy(line.extracting(1...))))
    } else if let milliseconds = block.take(line) {
      emit(.retry(milliseconds: min(milliseconds, Self.retryMillisecondsMax)))
    }
  }

  private mutating func dispatch(_ emit: (EventStreamItem) -> Void) {
    var finished = EventStreamBlock()
    swap(&finished, &block)
    // Repaired here, as a browser repairs the whole stream: line ends and colons are ASCII, so the
    // order makes no difference.
    if let id = finished.id { lastEventID = String(decoding: id, as: UTF8.self) }
    if let data = finished.data {
      let type = finished.type.isEmpty ? "message" : String(decoding: finished.type, as: UTF8.self)
      emit(.event(type: type, data: data, lastEventID: lastEventID))
    } else if finished.id != nil {
      emit(.cursor(lastEventID))
    }
  }
}
