import FanfareRuntime
import FanfareTestKit
import Testing

@testable import FanfareServer

@Suite struct SettingKeysTests {
  @Test func namesAndVariablesAreUnique() {
    #expect(Set(SettingKeys.fixed.map(\.name)).count == SettingKeys.fixed.count)
    #expect(Set(SettingKeys.fixed.map(\.variable)).count == SettingKeys.fixed.count)
    for key in SettingKeys.fixed {
      #expect(!ForeignVariable.matches(key.variable, "tcp://x"), "\(key.name)")
      #expect(!SettingKeys.later.contains(key.path[0]), "\(key.name)")
      #expect(key.path.count <= 2, "\(key.name)")
    }
    #expect(SettingKeys.variable(for: ["limits", "event-data"]) == "FANFARE_LIMITS_EVENT_DATA")
  }

  /// A key for every field: what can be bounded can be configured.
  @Test func everyFieldOfLimitsHasAKey() throws {
    var untouched = fields(Limits())
    for key in SettingKeys.fixed {
      for text in ["false", "3s", "3m", "3h", "3", "100", "300", "3KiB", "3MiB", "3GiB"] {
        var settings = Settings()
        guard (try? key.assign(.one(text), &settings)) != nil else { continue }
        let changed = fields(settings.limits).filter { $0.value != fields(Limits())[$0.key] }
        #expect(changed.count <= 1, "\(key.name)")
        for name in changed.keys { untouched[name] = nil }
      }
    }
    #expect(untouched.keys.sorted() == [])
  }

  private func fields(_ limits: Limits) -> [String: String] {
    var fields: [String: String] = [:]
    for child in Mirror(reflecting: limits).children {
      fields[child.label ?? ""] = "\(child.value)"
    }
    return fields
  }

  @Test func everyTypoIsUnderstood() {
    // Of these two, one is a typo of the other.
    let known = SettingKeys.fixed.map(\.name).filter { $0 != "limits.write-deadlines" }
    for seed in UInt64(1)...150 {
      var random = SeededGenerator(seed: seed)
      let name = known.randomElement(using: &random) ?? ""
      var letters = Array(name)
      let index = Int.random(in: 0..<letters.count - 1, using: &random)
      switch Int.random(in: 0..<4, using: &random) {
      case 0: letters.remove(at: index)
      case 1: letters.insert("q", at: index)
      case 2: letters[index] = "q"
      default: letters.swapAt(index, index + 1)
      }
      let typo = String(letters)
      guard !known.contains(typo) else { continue }
      #expect(NearestKey.nearest(to: typo, among: known) == name, "seed \(seed): \(typo)")
    }
    #expect(NearestKey.nearest(to: "colour", among: known) == nil)
    #expect(NearestKey.nearest(to: "", among: known) == nil)
  }

  @Test func everyKeyIsExplained() {
    for key in SettingKeys.fixed {
      #expect(key.meaning.hasSuffix("."), "\(key.name)")
      #expect(key.atBound?.hasSuffix(".") != false, "\(key.name)")
      #expect(!key.meaning.contains("\n") && key.atBound?.contains("\n") != true, "\(key.name)")
    }
  }
}
