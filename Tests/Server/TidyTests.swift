import Foundation
import Testing

/// The rules of the house that a compiler does not know: sizes, layers, and calls that would leave
/// the loop or the clock behind. See Documentation/decisions.
@Suite struct TidyTests {
  struct File {
    /// From the root of the package.
    let path: String
    let lines: [Substring]

    var room: String { String(path.split(separator: "/").dropFirst().first ?? "") }
    /// The lines without comments and string contents, near enough for these rules.
    var code: [(number: Int, text: String)] {
      lines.enumerated().compactMap { index, line in
        let text = line.trimmingCharacters(in: .whitespaces)
        return text.hasPrefix("//") ? nil : (index + 1, text)
      }
    }
  }

  static let root = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  static func files(_ folders: [String]) throws -> [File] {
    var files: [File] = []
    for folder in folders {
      let base = root.appending(path: folder)
      let found = FileManager.default.enumerator(at: base, includingPropertiesForKeys: nil)
      while let url = found?.nextObject() as? URL {
        guard url.pathExtension == "swift", !url.path.contains("/.build") else { continue }
        let text = try String(contentsOf: url, encoding: .utf8)
        files.append(
          File(
            path: String(url.path.dropFirst(root.path.count)).trimmingPrefix("/").description,
            lines: text.split(separator: "\n", omittingEmptySubsequences: false)))
      }
    }
    #expect(files.count > 20, "the sources were not found")
    return files
  }

  @Test func filesAndLinesAreShort() throws {
    for file in try Self.files(["Sources", "Tests", "Fuzz/Sources"]) {
      #expect(file.lines.count <= 420, "\(file.path) has \(file.lines.count) lines")
      for (index, line) in file.lines.enumerated() where line.count > 100 {
        Issue.record("\(file.path):\(index + 1) is longer than 100 columns")
      }
    }
  }

  @Test func functionsAreShort() throws {
    for file in try Self.files(["Sources", "Tests"]) {
      var open: (indent: Int, line: Int)?
      for (index, line) in file.lines.enumerated() {
        let indent = line.prefix { $0 == " " }.count
        let text = line.dropFirst(indent)
        if let start = open, indent == start.indent, text.hasPrefix("}") {
          let length = index - start.line
          #expect(length <= 70, "\(file.path):\(start.line + 1) has \(length) lines")
          open = nil
        } else if open == nil, text.contains("func ") || text.contains("init("),
          !text.hasPrefix("//"), !line.hasSuffix("}")
        {
          open = (indent, index)
        }
      }
    }
  }

  /// Runtime ← Actors ← Backplane ← Server ← fanfare, never back.
  @Test func roomsKnowOnlyTheRoomsBelow() throws {
    let below: [String: Set<String>] = [
      "Runtime": [], "Actors": ["FanfareRuntime"],
      "Backplane": ["FanfareRuntime", "FanfareActors", "FanfareFunctions"],
      "Server": ["FanfareRuntime", "FanfareActors", "FanfareBackplane", "FanfarePages"],
      "fanfare": ["FanfareRuntime", "FanfareActors", "FanfareServer"],
    ]
    for file in try Self.files(["Sources"]) {
      for (number, text) in file.code where text.contains("import Fanfare") {
        let module = String(text.split(separator: " ").last ?? "")
        let allowed = try #require(below[file.room], "\(file.path) stands in no room")
        #expect(allowed.contains(module), "\(file.path):\(number) imports \(module)")
      }
    }
  }

  /// Below the server, time, randomness and order come from the runtime alone.
  @Test func nothingBelowTheServerLeavesTheLoop() throws {
    let banned = [
      "Task.sleep", "Task.yield", "Task.detached", "AsyncStream", "async let",
      "withTaskGroup", "withThrowingTaskGroup", "DispatchQueue", "Date()", "import Foundation",
      "withCheckedContinuation", "withUnsafeContinuation", " print(",
    ]
    // The two doors by which others wait for a loop from outside, and the one seed from the system.
    let allowed: [String: Set<String>] = [
      "Sources/Runtime/EventLoop/LoopGroup.swift": ["withCheckedContinuation"],
      "Sources/Runtime/EventLoop/EventLoop+Running.swift": ["withCheckedContinuation"],
    ]
    for file in try Self.files(["Sources/Runtime", "Sources/Actors", "Sources/Backplane"]) {
      for (number, text) in file.code {
        for call in banned where text.contains(call) {
          let isAllowed = allowed[file.path]?.contains(call) ?? false
          #expect(isAllowed, "\(file.path):\(number) uses \(call)")
        }
        if text.contains("SystemRandomNumberGenerator") {
          #expect(file.path.hasSuffix("LoopGroup.swift"), "\(file.path):\(number)")
        }
      }
    }
  }

  /// One room has the library that a file of jobs is written with, and uses it on the store's own
  /// loop alone.
  @Test func databasesAreOpenedInOneFolder() throws {
    for file in try Self.files(["Sources"]) {
      let isRoom = file.path.hasPrefix("Sources/Backplane/SQLite/")
      for (number, text) in file.code {
        if text.hasPrefix("import GRDB") {
          #expect(isRoom, "\(file.path):\(number) imports GRDB")
        }
        for call in ["DatabasePool", "asyncWrite", "asyncRead", "sqliteConnection"]
        where isRoom && text.contains(call) {
          Issue.record("\(file.path):\(number) uses \(call)")
        }
      }
    }
  }

  /// Memory is unsafe in the runtime and in the one file for each C library.
  @Test func unsafeCodeStaysInTheRuntime() throws {
    let wrappers = [
      "Sources/Server/WebSocket/MessageDeflate.swift",
      "Sources/Backplane/Redis/Wire/HiredisConnection.swift",
      "Sources/Backplane/SQLite/File/JobStatement.swift",
    ]
    for file in try Self.files(["Sources"])
    where file.room != "Runtime" && !wrappers.contains(file.path) {
      for (number, text) in file.code {
        for word in ["Unsafe", "withUnsafe", "@unchecked Sendable", "nonisolated(unsafe)"]
        where text.contains(word) {
          Issue.record("\(file.path):\(number) uses \(word)")
        }
      }
    }
  }

  @Test func nothingTrapsOnInput() throws {
    for file in try Self.files(["Sources"]) {
      for (number, text) in file.code {
        for word in ["try!", "fatalError(", " as! ", "TODO", "FIXME"] where text.contains(word) {
          Issue.record("\(file.path):\(number) uses \(word)")
        }
      }
    }
  }

  /// The library's own way to start programs lists all descriptors, and reads past the end of that
  /// list where there are more than some 1,300: a crash, now and then.
  @Test func programsAreStartedByTheRuntime() throws {
    let others = ["= Process()", "posix_spawn(", "fork("]
    for file in try Self.files(["Sources", "Tests", "Benchmarks"])
    where file.path != "Tests/Server/TidyTests.swift" {
      for (number, text) in file.code {
        for call in others where text.contains(call) {
          Issue.record("\(file.path):\(number) uses \(call)")
        }
      }
    }
  }

  @Test func foldersAreConcepts() throws {
    for file in try Self.files(["Sources", "Tests"]) {
      for word in ["Utils", "Helpers", "Common", "Manager", "Misc"] where file.path.contains(word) {
        Issue.record("\(file.path) is named after a drawer")
      }
    }
  }
}
