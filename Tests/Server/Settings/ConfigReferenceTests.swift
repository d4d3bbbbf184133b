import FanfareActors
import Foundation
import Testing

@testable import FanfareServer

@Suite struct ConfigReferenceTests {
  @Test func theDocumentIsTheReference() throws {
    let here = URL(filePath: #filePath).resolvingSymlinksInPath()
    let root = here.deletingLastPathComponent().appending(path: "../../..")
    let document = try String(
      contentsOf: root.appending(path: "Documentation/configuration.md"), encoding: .utf8)
    let isEqual = document == ConfigReference.markdown
    #expect(
      isEqual,
      "write `fanfare config reference` to Documentation/configuration.md")
  }

  @Test func theExampleIsTheDefaults() throws {
    var expected = Settings()
    expected.namespaces["project"] = NamespaceSettings()
    #expect(try SettingsSandbox().load(ConfigReference.example) == .success(expected))
    #expect(ConfigReference.markdown.contains(ConfigReference.example))
  }

  @Test func everyKeyIsThere() {
    for key in SettingKeys.fixed + SettingKeys.ofNamespace("NAME") {
      #expect(ConfigReference.markdown.contains("`\(key.name)`"), "\(key.name)")
      #expect(ConfigReference.markdown.contains("`\(key.variable)`"), "\(key.name)")
    }
  }

  @Test func linesAreNotTooLong() {
    for line in ConfigReference.markdown.split(separator: "\n") {
      #expect(line.count <= 100, "\(line)")
    }
  }
}
