import FanfareRuntime
import FanfareTestKit
import Foundation
import Glibc
import Testing

@Suite struct OwnFolderTests {
  private static let prefix = "fanfare-own-"

  private func withParent(_ body: (String) throws -> Void) throws {
    let parent = FileManager.default.temporaryDirectory
      .appending(path: "fanfare-parent-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: parent, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(atPath: parent) }
    try body(parent)
  }

  private func left(_ parent: String) -> [String] {
    OwnFolder.left(in: parent, prefix: Self.prefix).map(\.path)
  }

  @Test func whatIsLeftIsFoundAndWhatIsInUseIsNot() throws {
    try withParent { parent in
      var first: OwnFolder? = try OwnFolder(in: parent, prefix: Self.prefix)
      let second = try OwnFolder(in: parent, prefix: Self.prefix)
      let path = try #require(first?.path)
      let inner = try first?.makeFolder(prefix: "a-")
      #expect(inner?.hasPrefix("\(path)/a-") == true)
      #expect(left(parent).isEmpty)
      first = nil
      #expect(left(parent) == [path])
      // Whoever found it first has it.
      let found = OwnFolder.left(in: parent, prefix: Self.prefix)
      #expect(found.count == 1 && left(parent).isEmpty)
      #expect(left("\(parent)/none").isEmpty)
      _ = second
    }
  }

  /// A name says nothing: others may have put it there.
  @Test func whatIsNoFolderOfThisKindIsLeftAlone() throws {
    try withParent { parent in
      #expect(mkdir("\(parent)/\(Self.prefix)plain", 0o700) == 0)
      let path: String
      do { path = try OwnFolder(in: parent, prefix: "elsewhere-").path }
      #expect(symlink(path, "\(parent)/\(Self.prefix)link") == 0)
      #expect(left(parent).isEmpty)
      #expect(rename(path, "\(parent)/\(Self.prefix)moved") == 0)
      #expect(left(parent) == ["\(parent)/\(Self.prefix)moved"])
    }
  }
}
