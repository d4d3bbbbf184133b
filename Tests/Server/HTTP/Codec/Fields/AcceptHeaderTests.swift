import Testing

@testable import FanfareServer

@Suite struct AcceptHeaderTests {
  private func prefers(_ values: String...) -> Bool? {
    let lines = ["GET / HTTP/1.1", "Host: a"] + values.map { "Accept: \($0)" }
    guard case .head(let head, _) = HeadText.parse(HeadText.bytes(lines)) else { return nil }
    return AcceptHeader.prefersEventStream(head)
  }

  @Test(arguments: [
    "text/event-stream", "TEXT/Event-Stream", "text/html, text/event-stream;q=0.001",
    "text/event-stream ; level=1 ; q=1.000", "*/*;q=0,text/event-stream",
    ",, text/event-stream", "a/b;c=\"x, y\", text/event-stream",
    "text/event-stream;q=0, text/event-stream;q=0.5", "bad, text/event-stream",
  ])
  func takesIt(value: String) {
    #expect(prefers(value) == true)
  }

  @Test(arguments: [
    "", "*/*", "text/*", "application/json", "text/event-stream;q=0", "text/event-stream;q=0.000",
    "text/event-stream; Q=0.0", "text/event-streams", "text/event-stream;q=2",
    "text/event-stream;q=1.001", "text/event-stream;q=0.0001", "text/event-stream;q=.5",
    "text/event-stream;q=x", "text/event-stream x", "a/b;c=\"text/event-stream",
    "a/b;c=\", text/event-stream, \"",
  ])
  func leavesIt(value: String) {
    #expect(prefers(value) == false)
  }

  @Test func readsEveryLine() {
    #expect(prefers() == false)
    #expect(prefers("text/html", "text/event-stream") == true)
  }

  @Test func readsWeights() {
    let wanted = [
      ("0", 0), ("1", 1000), ("0.", 0), ("1.", 1000), ("0.5", 500), ("0.05", 50), ("0.999", 999),
      ("1.0", 1000),
    ]
    for (text, weight) in wanted { #expect(AcceptHeader.weightThousandths(text) == weight) }
    for text in ["", "2", "00", "0,5", "1.1", "0.1234", "-0", "0.a", "10"] {
      #expect(AcceptHeader.weightThousandths(text) == nil, "\(text)")
    }
  }
}
