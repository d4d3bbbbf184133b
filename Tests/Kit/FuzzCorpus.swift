import FoundationEssentials

/// The fuzzers' seeds, and whatever they once found.
package enum FuzzCorpus {
  /// The inputs of one fuzzer, by the names of their files.
  package static func inputs(_ target: String) throws -> [(name: String, bytes: [UInt8])] {
    // Tests/Kit/ is two folders below the package.
    var folder = URL(filePath: #filePath).deletingLastPathComponent()
    for _ in 0..<2 { folder.deleteLastPathComponent() }
    folder.append(path: "Fuzz/Corpora/\(target)")
    return try FileManager.default.contentsOfDirectory(atPath: folder.path()).sorted().map {
      ($0, Array(try Data(contentsOf: folder.appending(path: $0))))
    }
  }
}
