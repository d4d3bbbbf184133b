import Testing

@testable import fanfare_bench

/// The load side's own checks: a proof that cannot fail proves nothing.
@Suite struct SequenceAuditTests {
  private func audit(_ stream: String, pieceBytes: Int = .max) -> (SequenceAudit, sent: [UInt64]) {
    audit(Array(stream.utf8), pieceBytes: pieceBytes) { BlockScanner.next($0, &$1) }
  }

  /// Reads `stream` cut into pieces of `pieceBytes`.
  private func audit(
    _ stream: [UInt8], pieceBytes: Int,
    _ next: (Span<UInt8>, inout Int) -> ReceivedMessage?
  ) -> (SequenceAudit, sent: [UInt64]) {
    var audit = SequenceAudit()
    var sent: [UInt64] = []
    var input: [UInt8] = []
    var rest = stream[...]
    while !rest.isEmpty {
      input += rest.prefix(pieceBytes)
      rest = rest.dropFirst(pieceBytes)
      let bytes = input
      var index = 0
      while let message = next(bytes.span, &index) {
        switch message {
        case .event(let position, let nanoseconds):
          audit.event(position)
          sent.append(nanoseconds)
        case .cursor(let position): audit.cursor(position)
        case .gap(let first, let end): audit.gap(from: first, to: end)
        case .reset: audit.reset()
        case .bye, .ping, .other: break
        }
      }
      input.removeFirst(index)
    }
    return (audit, sent)
  }

  private func events(_ offsets: [Int], epoch: String = "k3") -> String {
    offsets.map { "id: \($0).\(epoch)\nevent: load\ndata: {\"t\":\($0)00,\"p\":\"x\"}\n\n" }
      .joined()
  }

  private let greeting = """
    retry: 1500

    : fanfare

    event: fanfare.attached
    data: {"channels":[{"channel":"a","verdict":"live","position":"4.k3"}]}

    id: 4.k3


    """

  @Test(arguments: [1, 2, 3, 7, .max]) func everyEventOnceIsFaultless(pieceBytes: Int) {
    let (audit, sent) = audit(greeting + events([5, 6, 7]) + ":\n\n", pieceBytes: pieceBytes)
    #expect(audit.isFaultless)
    #expect(audit.last == 7)
    #expect(sent == [500, 600, 700])
  }

  @Test func whatIsMissingIsLost() {
    #expect(audit(greeting + events([5, 8])).0.lost == 2)
    #expect(audit(greeting + events([6])).0.lost == 1)
    #expect(audit(greeting + events([5]) + "id: 6.k3\n\n").0.lost == 1)
    var (cut, _) = audit(greeting + events([5, 6]))
    cut.end(expecting: 9)
    #expect(cut.lost == 3)
  }

  @Test func whatComesAgainIsNoticed() {
    #expect(audit(greeting + events([5, 5, 6])).0.duplicated == 1)
    #expect(audit(greeting + events([5, 6, 7, 6])).0.reordered == 1)
  }

  @Test func aToldGapExplainsWhatIsMissing() {
    let gap = """
      event: fanfare.gap
      data: {"channel":"a","from":"6.k3","to":"8.k3","missed":3,"position":"8.k3"}

      id: 8.k3


      """
    let (told, _) = audit(greeting + events([5]) + gap + events([9]))
    #expect(told.isFaultless)
    #expect(told.toldMissing == 3)
    #expect(!audit(greeting + events([5]) + gap + events([8])).0.isFaultless)
    #expect(!audit(greeting + events([5, 6]) + gap).0.isFaultless)
  }

  @Test(arguments: [1, 2, 3, 7, .max]) func framesAreReadLikeBlocks(pieceBytes: Int) {
    func frame(_ text: String, opcode: UInt8 = 1) -> [UInt8] {
      let length = text.utf8.count
      let head = length < 126 ? [UInt8(length)] : [126, UInt8(length >> 8), UInt8(length & 255)]
      return [0x80 | opcode] + head + Array(text.utf8)
    }
    func event(_ offset: Int, epoch: String = "k3", padding: Int = 1) -> [UInt8] {
      let padding = String(repeating: "x", count: padding)
      return frame(
        #"{"op":"event","channel":"a:b","position":"\#(offset).\#(epoch)","type":"load","#
          + #""data":{"t":\#(offset)00,"p":"\#(padding)"},"time":"2026-01-31T12:00:00.000Z"}"#)
    }
    let attached = frame(
      #"{"op":"attached","channels":[{"channel":"a:b","verdict":"live","position":"4.k3"}]}"#)
    let gap = frame(
      #"{"op":"gap","channel":"a:b","from":"7.k3","to":"9.k3","missed":3,"position":"9.k3"}"#)
    let frames = FrameScanner(channel: "a:b")
    func read(_ stream: [UInt8]) -> (SequenceAudit, sent: [UInt64]) {
      audit(stream, pieceBytes: pieceBytes) { frames.next($0, &$1) }
    }
    let (whole, sent) = read(
      attached + event(5) + frame("", opcode: 9) + event(6, padding: 300) + gap + event(10))
    #expect(whole.isFaultless)
    #expect(whole.last == 10)
    #expect(whole.toldMissing == 3)
    #expect(sent == [500, 600, 1000])
    #expect(read(attached + event(6)).0.lost == 1)
    #expect(read(attached + event(5) + event(5)).0.duplicated == 1)
    #expect(read(attached + event(5) + event(6, epoch: "k4")).0.resets == 1)
  }

  @Test func anotherEpochIsAReset() {
    #expect(audit(greeting + events([5]) + events([6], epoch: "k4")).0.resets == 1)
  }
}
