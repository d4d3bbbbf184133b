import FanfareActors
import FanfareRuntime
import FanfareTestKit
import Testing

@testable import FanfareServer

@Suite struct SettingsRoundTripTests {
  @Test func whatIsDescribedLoadsAsTheSame() throws {
    let sandbox = try SettingsSandbox()
    for seed in UInt64(1)...150 {
      var random = SeededGenerator(seed: seed)
      let settings = SettingsRoundTripTests.valid(&random)
      try settings.validate()
      let text = settings.describe(showingPasswords: true)
      #expect(try sandbox.load(text) == .success(settings), "seed \(seed)\n\(text)")
    }
  }

  /// The same settings spread over the three sources, each of which says some keys wrongly but
  /// validly where a later one corrects them.
  @Test func sourcesAddUp() throws {
    let sandbox = try SettingsSandbox()
    for seed in UInt64(1)...100 {
      var random = SeededGenerator(seed: seed)
      let settings = SettingsRoundTripTests.valid(&random)
      var decoy = SettingsRoundTripTests.valid(&random)
      decoy.namespaces = settings.namespaces.mapValues { _ in NamespaceSettings() }
      var environment: [String: String] = [:]
      var overrides: [(key: String, value: String)] = []
      for key in SettingKeys.all(in: settings) {
        let value = key.text(settings).line
        switch Int.random(in: 0..<3, using: &random) {
        case 0 where key.member == nil:
          environment[key.variable] = value
        case 1 where key.member == nil:
          environment[key.variable] = key.text(decoy).line
          overrides.append((key.name, value))
        default:
          overrides.append((key.name, value))
        }
      }
      overrides.shuffle(using: &random)
      let loaded = try sandbox.load(
        decoy.describe(showingPasswords: true), environment: environment, overrides: overrides)
      #expect(loaded == .success(settings), "seed \(seed)")
    }
  }

  /// Whatever is in the file, the answer is settings or one line.
  @Test func brokenFilesEndInALine() throws {
    let example = Array(ConfigReference.example.unicodeScalars)
    let scraps = ": \n\t-[]{}&*!|>'\"%@`#?,x0\u{0}\u{feff}é~<<".unicodeScalars.map { $0 }
    var lines = 0
    for seed in UInt64(1)...400 {
      var random = SeededGenerator(seed: seed)
      var scalars = example
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        let index = Int.random(in: scalars.indices, using: &random)
        switch Int.random(in: 0..<3, using: &random) {
        case 0: scalars.remove(at: index)
        case 1: scalars.insert(scraps.randomElement(using: &random) ?? "x", at: index)
        default: scalars[index] = scraps.randomElement(using: &random) ?? "x"
        }
      }
      var text = ""
      text.unicodeScalars.append(contentsOf: scalars)
      do {
        _ = try SettingsLayer(yaml: text, path: "fanfare.yaml")
      } catch {
        lines += 1
        let line = error.description
        #expect(!line.unicodeScalars.contains { $0.properties.isWhitespace && $0 != " " })
        #expect(line.contains("; "), "seed \(seed): \(line)")
      }
    }
    #expect(lines > 50)
  }

  static func valid(_ random: inout SeededGenerator) -> Settings {
    var settings = Settings()
    for key in SettingKeys.fixed {
      assign(key, &settings, &random)
    }
    for _ in 0..<Int.random(in: 0...3, using: &random) {
      let letters = Array("abzAZ09_.~@=+-")
      let count = Int.random(in: 1...7, using: &random)
      let name = String((0..<count).map { _ in letters.randomElement(using: &random) ?? "a" })
      if SettingKeys.refusal(ofNamespace: name) != nil { continue }
      settings.namespaces[name] = settings.namespaceDefaults
      for key in SettingKeys.ofNamespace(name) { assign(key, &settings, &random) }
    }
    if ["null", "true", "1"].indices.contains(Int.random(in: 0...5, using: &random)) {
      settings.namespaces[["null", "true", "1"].randomElement(using: &random) ?? "1"] =
        settings.namespaceDefaults
    }
    return combined(settings)
  }

  /// Makes the combinations possible.
  private static func combined(_ settings: Settings) -> Settings {
    var settings = settings
    settings.insecure = settings.insecure || !settings.listen.isLoopback
    var limits = settings.limits
    let event = limits.eventDataBytesMax
    limits.mailboxBytesMax = max(limits.mailboxBytesMax, 4 * event)
    limits.historyBytesMax = max(limits.historyBytesMax, event)
    limits.memoryHistoryBytesMax = max(limits.memoryHistoryBytesMax, limits.historyBytesMax)
    limits.publishBodyBytesMax = max(limits.publishBodyBytesMax, event)
    limits.stalledFrameBytesMax = max(limits.stalledFrameBytesMax, event)
    limits.pollAnswerBytesMax = max(limits.pollAnswerBytesMax, event)
    limits.channelsPerStreamMax = min(limits.channelsPerStreamMax, limits.channelsPerConnectionMax)
    limits.controlLaneBytesMax = max(
      limits.controlLaneBytesMax, 512 * limits.channelsPerConnectionMax)
    let ttls = [settings.namespaceDefaults.ttl] + settings.namespaces.values.map(\.ttl)
    limits.metaTTL = max(limits.metaTTL, ttls.max() ?? .zero)
    settings.limits = limits
    return settings
  }

  /// Tries texts until the key takes one.
  private static func assign(
    _ key: SettingKey<Settings>, _ settings: inout Settings, _ random: inout SeededGenerator
  ) {
    for _ in 0..<60 {
      let text =
        key.isList
        ? SettingText.many(
          (0..<Int.random(in: 0...3, using: &random)).map { _ in word(&random) })
        : SettingText.one(word(&random))
      if (try? key.assign(text, &settings)) != nil { return }
    }
  }

  private static func word(_ random: inout SeededGenerator) -> String {
    let words = [
      "true", "false", "auto", "local", "text", "json", "trace", "error", "critical", "catch-up",
      "drop-oldest", "disconnect", "localhost:1", "[::1]:65535", "0.0.0.0:0", "[fe80::1]:9",
      "127.9.9.9:9", "http://localhost:3000", "https://a-b.example", "app://[::1]",
      "a.example:8443", "[::1]", "x_y", "192.0.2.1", "redis", "streams", "pubsub", "{x}:/a",
      "redis://h", "redis://:p%2Fw@10.0.0.1/3", "redis://ann:w%40x%25@[::1]:1",
    ]
    if Bool.random(using: &random) { return words.randomElement(using: &random) ?? "" }
    let bits = Int.random(in: 0...33, using: &random)
    let number = Int.random(in: 0...(1 << bits), using: &random)
    let units = ["", "", "KiB", "MiB", "GiB", "ms", "s", "m", "h", "d"]
    return "\(number)" + (units.randomElement(using: &random) ?? "")
  }
}
