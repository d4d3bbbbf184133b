import FanfareServer
import Glibc

/// Reads a file or the standard input piece by piece, on a thread of its own.
actor InputReader {
  /// Some lines, as they came.
  struct Piece: Sendable {
    /// The lines that are not blank, without their ends, numbered from 1 with the blank ones.
    var lines: [(number: Int, text: [UInt8])] = []
    /// What ended the lines early.
    var fault: EventLineFault?
    /// Whether nothing follows.
    var isEnd = false
    /// Whether more would have to be waited for.
    var pauses = false
  }

  /// A longer line cannot be published: the largest data that a server can be set to take, and what
  /// stands around it.
  static let lineBytesMax = 17 * 1024 * 1024
  private static let readBytes = 64 * 1024

  nonisolated let unownedExecutor: UnownedSerialExecutor
  private let thread = BlockingThread("input")
  private let descriptor: Int32
  private let name: String
  private var buffer = [UInt8](repeating: 0, count: InputReader.readBytes)
  private var rest: [UInt8] = []
  private var number = 0

  /// Opens `path`; nil or `-` is the standard input.
  init(_ path: String?) throws(CommandFailure) {
    unownedExecutor = thread.asUnownedSerialExecutor()
    name = path.flatMap { $0 == "-" ? nil : $0 } ?? "the standard input"
    guard let path, path != "-" else {
      descriptor = 0
      return
    }
    descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw CommandFailure(.noInput, "\(path): \(Self.errorText())") }
  }

  deinit {
    if descriptor > 0 { close(descriptor) }
  }

  /// The next lines. Blocks until there is something.
  func lines() throws(CommandFailure) -> Piece {
    var piece = Piece()
    let count = try fill()
    piece.isEnd = count == 0
    var start = 0
    while let end = buffer[start..<count].firstIndex(of: 0x0A) {
      take(buffer[start..<end], into: &piece)
      start = end + 1
    }
    rest += buffer[start..<count]
    if piece.isEnd, !rest.isEmpty { take([], into: &piece) }
    if rest.count > Self.lineBytesMax {
      piece.fault = EventLineFault(
        line: number + 1, detail: "Keep a line below \(Self.lineBytesMax) bytes.")
      rest = []
    }
    piece.pauses = !piece.isEnd && !hasMore()
    return piece
  }

  /// Everything up to the end.
  func all() throws(CommandFailure) -> [UInt8] {
    while true {
      let count = try fill()
      guard count > 0 else { return rest }
      rest += buffer[..<count]
      guard rest.count <= Self.lineBytesMax else {
        throw CommandFailure(.badData, "\(name) holds more than \(Self.lineBytesMax) bytes")
      }
    }
  }

  private func take(_ end: ArraySlice<UInt8>, into piece: inout Piece) {
    number += 1
    var text = rest + end
    rest = []
    if text.last == 0x0D { text.removeLast() }
    guard !text.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }) else { return }
    piece.lines.append((number, text))
  }

  private func fill() throws(CommandFailure) -> Int {
    while true {
      let count = read(descriptor, &buffer, buffer.count)
      if count >= 0 { return count }
      switch errno {
      case EINTR: continue
      case EAGAIN: waitForInput(milliseconds: -1)
      default: throw CommandFailure(.noInput, "\(name): \(Self.errorText())")
      }
    }
  }

  /// Whether a read would find something, be it the end.
  private func hasMore() -> Bool { waitForInput(milliseconds: 0) }

  @discardableResult
  private func waitForInput(milliseconds: Int32) -> Bool {
    var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    return poll(&waiting, 1, milliseconds) > 0
  }

  private static func errorText() -> String { SystemErrorText.of(errno) }
}
