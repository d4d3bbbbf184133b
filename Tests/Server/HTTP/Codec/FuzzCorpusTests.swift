import FoundationEssentials
import FuzzInvariants
import Testing

/// Replays the fuzzers' seeds, and whatever they once found, in the ordinary suite.
@Suite struct FuzzCorpusTests {
  private func inputs(_ target: String) throws -> [(name: String, bytes: [UInt8])] {
    // Tests/Server/HTTP/Codec/ is four folders below the package.
    var folder = URL(filePath: #filePath).deletingLastPathComponent()
    for _ in 0..<4 { folder.deleteLastPathComponent() }
    folder.append(path: "Fuzz/Corpora/\(target)")
    return try FileManager.default.contentsOfDirectory(atPath: folder.path()).sorted().map {
      ($0, Array(try Data(contentsOf: folder.appending(path: $0))))
    }
  }

  @Test func requestHeads() throws {
    let inputs = try inputs("FuzzRequestHead")
    #expect(inputs.count >= 20)
    for (name, bytes) in inputs {
      #expect(RequestHeadInvariants.violation(bytes) == nil, "\(name)")
    }
  }

  @Test func chunkedBodies() throws {
    let inputs = try inputs("FuzzChunkedBody")
    #expect(inputs.count >= 20)
    for (name, bytes) in inputs {
      #expect(ChunkedBodyInvariants.violation(bytes) == nil, "\(name)")
    }
  }
}
