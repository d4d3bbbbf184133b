import FanfareActors
import Testing

@testable import FanfareServer

@Suite struct SettingsNamespaceTests {
  @Test func aNamespaceStartsFromTheDefaultsWhereverTheyComeFrom() throws {
    let sandbox = try SettingsSandbox()
    let yaml = "namespaces:\n  a: { ttl: 2h }\n  b:\n  c: {}\ndefaults: { history: 5, ttl: 3h }\n"
    let settings = try sandbox.load(yaml, environment: ["FANFARE_DEFAULTS_HISTORY": "6"]).get()
    var expected = NamespaceSettings()
    expected.historyEventsMax = 6
    expected.ttl = .seconds(3 * 3600)
    #expect(settings.namespaceDefaults == expected)
    #expect(settings.namespaces["b"] == expected)
    #expect(settings.namespaces["c"] == expected)
    expected.ttl = .seconds(2 * 3600)
    #expect(settings.namespaces["a"] == expected)
    #expect(settings.namespaces.count == 3)
  }

  @Test func flagsNameNamespacesWithDots() throws {
    let sandbox = try SettingsSandbox()
    let settings = try sandbox.load(overrides: [("namespaces.a.b.ttl", "2h")]).get()
    #expect(settings.namespaces["a.b"]?.ttl == .seconds(7200))
  }

  @Test func aVariableMeansTheNamespaceThatHasItsLetters() throws {
    let sandbox = try SettingsSandbox()
    let environment = [
      "FANFARE_NAMESPACES_MY_APP_TTL": "2h", "FANFARE_NAMESPACES_NEW_ONE_HISTORY": "7",
      "FANFARE_NAMESPACES_FLAG_TTL": "4h",
    ]
    let settings = try sandbox.load(
      "namespaces: { my-App: {} }", environment: environment,
      overrides: [("namespaces.Flag.history", "9")]
    ).get()
    #expect(settings.namespaces.keys.sorted() == ["Flag", "my-App", "new_one"])
    #expect(settings.namespaces["my-App"]?.ttl == .seconds(7200))
    #expect(settings.namespaces["new_one"]?.historyEventsMax == 7)
    #expect(settings.namespaces["Flag"]?.ttl == .seconds(4 * 3600))
    #expect(settings.namespaces["Flag"]?.historyEventsMax == 9)
  }
}
