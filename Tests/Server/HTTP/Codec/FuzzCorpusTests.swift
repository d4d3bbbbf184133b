import FanfareTestKit
import FuzzInvariants
import Testing

/// Replays the fuzzers' seeds, and whatever they once found, in the ordinary suite.
@Suite struct FuzzCorpusTests {
  @Test func requestHeads() throws {
    let inputs = try FuzzCorpus.inputs("FuzzRequestHead")
    #expect(inputs.count >= 20)
    for (name, bytes) in inputs {
      #expect(RequestHeadInvariants.violation(bytes) == nil, "\(name)")
    }
  }

  @Test func chunkedBodies() throws {
    let inputs = try FuzzCorpus.inputs("FuzzChunkedBody")
    #expect(inputs.count >= 20)
    for (name, bytes) in inputs {
      #expect(ChunkedBodyInvariants.violation(bytes) == nil, "\(name)")
    }
  }

  @Test func webSockets() throws {
    let inputs = try FuzzCorpus.inputs("FuzzWebSocket")
    #expect(inputs.count >= 50)
    for (name, bytes) in inputs {
      #expect(WebSocketInvariants.violation(bytes) == nil, "\(name)")
    }
  }
}
