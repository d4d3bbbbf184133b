import FanfareRuntime
import FanfareTestKit
import Testing

@testable import FanfareServer

@Suite struct EventStreamParserTests {
  /// What the parser finds in pieces that are cut after each of `cuts`.
  private static func items(
    _ stream: [UInt8], cuts: [Int] = [], parser: EventStreamParser = EventStreamParser()
  ) throws(EventStreamFault) -> [EventStreamItem] {
    var parser = parser
    var items: [EventStreamItem] = []
    var start = 0
    for end in cuts + [stream.count] {
      try parser.receive(stream.span.extracting(start..<end)) { items.append($0) }
      start = end
    }
    return items
  }

  private static func items(_ text: String) throws -> [EventStreamItem] {
    try items(Array(text.utf8))
  }

  private static func event(
    _ data: String, type: String = "message", id: String = ""
  ) -> EventStreamItem {
    .event(type: type, data: Array(data.utf8), lastEventID: id)
  }

  private static let streamTable: [(String, [EventStreamItem])] = [
    ("", []),
    ("data:a", []),
    ("data:a\n", []),
    ("data:a\n\n", [event("a")]),
    ("data: a\r\rdata:  b\r\n\r\n", [event("a"), event(" b")]),
    ("data:1\ndata\ndata:\ndata: 2\n\n", [event("1\n\n\n2")]),
    ("data:\n\ndata\ndata\n\ndata:test", [event(""), event("\n")]),
    ("\u{FEFF}data:a\n\n", [event("a")]),
    ("\u{FEFF}\u{FEFF}data:a\n\ndata:b\n\n", [event("b")]),
    ("data:a\n\n\u{FEFF}data:b\n\n", [event("a")]),
    ("\u{FEFF}\ndata:a\n\n", [event("a")]),
    (": hi\n:\n", [.comment(Array(" hi".utf8)), .comment([])]),
    ("event: x\ndata:1\n\ndata:2\n\n", [event("1", type: "x"), event("2")]),
    ("event: x\nevent:\ndata:1\n\n", [event("1")]),
    ("event: x\n\ndata:1\n\n", [event("1")]),
    ("id: 1\ndata:a\n\ndata:b\n\n", [event("a", id: "1"), event("b", id: "1")]),
    ("id: 1\ndata:a\n\nid\ndata:b\n\n", [event("a", id: "1"), event("b")]),
    ("id: 1\n\ndata:a\n\n", [.cursor("1"), event("a", id: "1")]),
    ("id: 1\n\nid:\n\n", [.cursor("1"), .cursor("")]),
    ("id: 1\nid: 2\0\ndata:a\n\n", [event("a", id: "1")]),
    ("id: 2\0\n\ndata:a\n\n", [event("a")]),
    ("id: 1\ndata:a", []),
    ("retry:1000\nretry: 7\n", [.retry(milliseconds: 1000), .retry(milliseconds: 7)]),
    ("retry:1000x\nretry\nretry:\nretry:-1\nretry: 1 \nretry:  1\nretry:١\n", []),
    ("retry:0\n", [.retry(milliseconds: 0)]),
    ("retry:2147483648\n", [.retry(milliseconds: 2_147_483_647)]),
    ("retry:18446744073709551617\n", [.retry(milliseconds: 2_147_483_647)]),
    ("retry:99999999999999999999999\n", [.retry(milliseconds: 2_147_483_647)]),
    ("Data:a\ndata :b\n data:c\nfoo:d\ndat:e\ndataa:f\n\n", []),
    ("data:a:b: c\n\n", [event("a:b: c")]),
    ("data:a\0b\n\n", [event("a\0b")]),
    ("data:\ta\n\n", [event("\ta")]),
    ("\n\r\n\r\r\ndata:a\n\n", [event("a")]),
  ]

  @Test(arguments: streamTable)
  func reads(stream: String, expected: [EventStreamItem]) throws {
    let bytes = Array(stream.utf8)
    #expect(try Self.items(bytes) == expected)
    #expect(try Self.items(bytes, cuts: Array(bytes.indices)) == expected)
    #expect(EventStreamModel.items(bytes) == expected)
  }

  @Test func anEventIsToldAtItsCarriageReturn() throws {
    var parser = EventStreamParser()
    var items: [EventStreamItem] = []
    try parser.receive(Array("data:a\r\n\r".utf8).span) { items.append($0) }
    #expect(items == [Self.event("a")])
    try parser.receive(Array("\ndata:b\n\n".utf8).span) { items.append($0) }
    #expect(items == [Self.event("a"), Self.event("b")])
  }

  @Test func lastEventIDOutlivesTheConnection() throws {
    var parser = EventStreamParser(lastEventID: "7")
    var items: [EventStreamItem] = []
    try parser.receive(Array("data:a\n\nid:8\n".utf8).span) { items.append($0) }
    #expect(items == [Self.event("a", id: "7")])
    #expect(parser.lastEventID == "7")
    try parser.receive(Array("\n".utf8).span) { items.append($0) }
    #expect(parser.lastEventID == "8")
  }

  @Test func badUTF8IsRepairedInTextsAndKeptInData() throws {
    let stream = Array("event:a".utf8) + [0xFF, 0x0A] + Array("data:".utf8) + [0xC3, 0x0A, 0x0A]
    #expect(
      try Self.items(stream) == [.event(type: "a\u{FFFD}", data: [0xC3], lastEventID: "")])
  }

  @Test func aBlockIsBounded() throws {
    let parser = EventStreamParser(blockBytesMax: 20)
    let fault = EventStreamFault.blockTooLarge(blockBytesMax: 20)
    func judge(_ text: String) throws(EventStreamFault) -> Int {
      try Self.items(Array(text.utf8), parser: parser).count
    }
    #expect(try judge("data:\(String(repeating: "x", count: 15))\n\n") == 1)
    #expect(throws: fault) { _ = try judge("data:\(String(repeating: "x", count: 16))") }
    #expect(try judge("data:1234567890\ndata:12345\n\n") == 1)
    #expect(throws: fault) { _ = try judge("data:1234567890\ndata:123456") }
    #expect(throws: fault) { _ = try judge(":\(String(repeating: "x", count: 20))") }
    #expect(throws: fault) { _ = try judge("id:12345678\nevent:12345\ndata:123\n") }
    #expect(try judge(String(repeating: ":heartbeat\n", count: 100)) == 100)
    #expect(try judge(String(repeating: "data:1234567890\n\n", count: 100)) == 100)
    #expect(try judge(String(repeating: "id:12345\n", count: 100) + "\n") == 1)
  }

  @Test func aFaultIsForGood() {
    var parser = EventStreamParser(blockBytesMax: 4)
    let fault = EventStreamFault.blockTooLarge(blockBytesMax: 4)
    #expect(throws: fault) { try parser.receive(Array("12345".utf8).span) { _ in } }
    #expect(throws: fault) { try parser.receive(Array("\n\n".utf8).span) { _ in } }
  }

  private static func randomStream(_ random: inout SeededGenerator) -> [UInt8] {
    let lines = [
      "", "", "", "data", "data:", "data: x", "data:  y\0", "event:e", "event", "id:1", "id",
      "id:\0", "id: 2", "retry:5", "retry:x", ": c", ":", "other:1", "data:é😀", "dat",
      "\u{FEFF}data:q",
    ]
    var stream: [UInt8] = random.isOne(in: 3) ? [0xEF, 0xBB, 0xBF] : []
    if random.isOne(in: 6) { stream.removeLast(min(stream.count, 1)) }
    for _ in 0..<random.below(14) {
      stream.append(contentsOf: random.pick(lines).utf8)
      if random.isOne(in: 20) { stream.append(UInt8(random.below(256))) }
      stream.append(contentsOf: random.pick(["\n", "\r", "\r\n"]).utf8)
    }
    if random.isOne(in: 2) { stream.append(contentsOf: random.pick(lines).utf8) }
    return stream
  }

  @Test func randomStreamsInRandomPiecesAreReadAsTheModelDoes() throws {
    for seed in 0..<UInt64(1500) {
      var random = SeededGenerator(seed: seed)
      let stream = Self.randomStream(&random)
      let cuts = (0..<random.below(8)).map { _ in random.below(stream.count + 1) }.sorted()
      #expect(
        try Self.items(stream, cuts: cuts) == EventStreamModel.items(stream),
        "seed \(seed), cuts \(cuts): \(String(decoding: stream, as: UTF8.self))")
    }
  }

  @Test func theBoundDoesNotDependOnThePieces() throws {
    func verdict(_ stream: [UInt8], cuts: [Int], max: Int) -> ([EventStreamItem], Bool) {
      var parser = EventStreamParser(blockBytesMax: max)
      var items: [EventStreamItem] = []
      var start = 0
      for end in cuts + [stream.count] {
        do {
          try parser.receive(stream.span.extracting(start..<end)) { items.append($0) }
        } catch {
          return (items, true)
        }
        start = end
      }
      return (items, false)
    }
    var faults = 0
    for seed in 0..<UInt64(400) {
      var random = SeededGenerator(seed: seed)
      let stream = Self.randomStream(&random)
      let max = 4 + random.below(12)
      let cuts = (0..<random.below(8)).map { _ in random.below(stream.count + 1) }.sorted()
      let whole = verdict(stream, cuts: [], max: max)
      let pieces = verdict(stream, cuts: cuts, max: max)
      #expect(whole == pieces, "seed \(seed), cuts \(cuts)")
      faults += whole.1 ? 1 : 0
    }
    #expect((50..<350).contains(faults))
  }

  @Test func aLargeEventInSmallPiecesIsReadSoon() throws {
    let text = "data:" + String(repeating: "x", count: 1_000_000) + "\n\n"
    let bytes = Array(text.utf8)
    let cuts = Array(stride(from: 0, to: bytes.count, by: 100))
    let start = ContinuousClock.now
    #expect(try Self.items(bytes, cuts: cuts).count == 1)
    #expect(start.duration(to: .now) < .seconds(5))
  }
}
