import Foundation
import Testing

/// What the documentation shows of Swift is code that compiles: each of its lines stands in
/// `EmbeddingExamples.swift`, in the same order.
@Suite struct EmbeddingExampleTests {
  private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
  private static let root = folder.deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  private static func lines(_ url: URL) throws -> [String] {
    try String(contentsOf: url, encoding: .utf8).components(separatedBy: "\n")
  }

  /// Lines that say something, without their indentation.
  private static func plain(_ lines: some Sequence<String>) -> [String] {
    lines.map { $0.trimmingCharacters(in: .whitespaces) }
      .filter { !$0.isEmpty && !$0.hasPrefix("import ") }
  }

  /// What stands between the fences of Swift.
  private static func examples(_ page: String) throws -> [[String]] {
    var examples: [[String]] = []
    var open: [String]?
    for line in try lines(root.appending(path: page)) {
      if line == "```swift" {
        open = []
      } else if line == "```", let example = open {
        examples.append(example)
        open = nil
      } else {
        open?.append(line)
      }
    }
    return examples
  }

  @Test(arguments: [("README.md", 2), ("Documentation/jobs.md", 3)])
  func everyLineCompiles(page: String, count: Int) throws {
    let code = Self.plain(try Self.lines(Self.folder.appending(path: "EmbeddingExamples.swift")))
    let examples = try Self.examples(page)
    #expect(examples.count == count)
    for example in examples {
      var place = 0
      for line in Self.plain(example) {
        guard let found = code[place...].firstIndex(of: line) else {
          Issue.record("\(page): not in EmbeddingExamples.swift, or not there: \(line)")
          break
        }
        place = found + 1
      }
    }
  }
}
