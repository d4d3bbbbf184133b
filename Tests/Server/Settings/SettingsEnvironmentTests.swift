import Testing

@testable import FanfareServer

@Suite struct SettingsEnvironmentTests {
  @Test(arguments: [
    (
      "FANFARE_HEARTBEAT", "",
      """
      heartbeat: "" is not allowed (FANFARE_HEARTBEAT in the environment); \
      allowed: a duration from 1s to 5m, with ms, s, m, h or d
      """
    ),
    (
      "FANFARE_HARTBEAT", "15s",
      "FANFARE_HARTBEAT: unknown key (environment); did you mean FANFARE_HEARTBEAT?"
    ),
    (
      "FANFARE_COLOUR", "red",
      "FANFARE_COLOUR: unknown key (environment); fanfare config reference lists the keys"
    ),
    (
      "FANFARE_NAMESPACES_A", "red",
      "FANFARE_NAMESPACES_A: unknown key (environment); fanfare config reference lists the keys"
    ),
    (
      "FANFARE_NAMESPACES__TTL", "1s",
      """
      FANFARE_NAMESPACES__TTL: unknown key (environment); \
      fanfare config reference lists the keys
      """
    ),
    (
      "FANFARE_PORT", "9000",
      "FANFARE_PORT: unknown key (environment); fanfare config reference lists the keys"
    ),
    (
      "FANFARE_NAMESPACES_A_HISTORY", "x",
      """
      namespaces.a.history: "x" is not allowed (FANFARE_NAMESPACES_A_HISTORY in the environment); \
      allowed: a whole number from 1 to 1000000
      """
    ),
    (
      "FANFARE_NAMESPACES_JOB_TTL", "1s",
      """
      namespaces.job: is reserved (FANFARE_NAMESPACES_JOB_TTL in the environment); \
      allowed: 1 to 255 of the characters A-Z a-z 0-9 _ . ~ @ = + -, and neither fanfare nor job
      """
    ),
    (
      "FANFARE_ORIGINS", "https://a.example,,https://b.example",
      """
      origins: "" is not allowed (FANFARE_ORIGINS in the environment); \
      allowed: a list of origins like https://app.example.com: lower case, no path, no default port
      """
    ),
  ])
  func aBadVariable(name: String, value: String, line: String) throws {
    #expect(try SettingsSandbox().load(environment: [name: value]).line == line)
  }

  @Test func severalNamespacesForOneVariable() throws {
    let result = try SettingsSandbox().load(
      "namespaces: { a-b: {}, a.b: {} }", environment: ["FANFARE_NAMESPACES_A_B_TTL": "1s"])
    #expect(
      result.line == """
        FANFARE_NAMESPACES_A_B_TTL: fits several namespaces: a-b, a.b (environment); \
        set it in the configuration file
        """)
  }

  @Test func othersVariablesAreLeftAlone() throws {
    let environment = [
      "FANFARE_URL": "x", "FANFARE_TOKEN": "x", "FANFARE_CONFIG": "x",
      "FANFARE_SERVICE_HOST": "10.0.0.1", "FANFARE_SERVICE_PORT": "80",
      "FANFARE_SERVICE_PORT_HTTP": "80", "FANFARE_PORT": "tcp://10.0.0.1:80",
      "FANFARE_PORT_80_TCP": "tcp://10.0.0.1:80", "FANFARE_PORT_80_TCP_PROTO": "tcp",
      "FANFARE_PORT_80_TCP_PORT": "80", "FANFARE_PORT_80_TCP_ADDR": "10.0.0.1",
      "FANFARE_REDIS_SERVICE_HOST": "10.0.0.2", "FANFARE_REDIS_PORT": "udp://10.0.0.2:1",
    ]
    #expect(try SettingsSandbox().load(environment: environment) == .success(Settings()))
  }

  @Test(arguments: [
    (
      "listen", "*:80",
      """
      listen: "*:80" is not allowed (command line); \
      allowed: HOST:PORT with an IP address or localhost, like 127.0.0.1:8080, [::1]:8080 or \
      localhost:0
      """
    ),
    ("lisen", "x", "lisen: unknown key (command line); did you mean listen?"),
    ("", "x", ": unknown key (command line); fanfare config reference lists the keys"),
    ("log", "x", "log: has keys, not a value (command line); allowed: log.level, log.format"),
    (
      "namespaces.a", "x",
      """
      namespaces.a: has keys, not a value (command line); \
      allowed: namespaces.a.history, namespaces.a.ttl, namespaces.a.overflow, \
      namespaces.a.firehose, namespaces.a.firehose-events
      """
    ),
    (
      "namespaces.a.b.tl", "x",
      "namespaces.a.b.tl: unknown key (command line); did you mean namespaces.a.b.ttl?"
    ),
    (
      "namespaces.fanfare.ttl", "1s",
      """
      namespaces.fanfare: is reserved (command line); \
      allowed: 1 to 255 of the characters A-Z a-z 0-9 _ . ~ @ = + -, and neither fanfare nor job
      """
    ),
  ])
  func aBadFlag(key: String, value: String, line: String) throws {
    #expect(try SettingsSandbox().load(overrides: [(key, value)]).line == line)
  }
}
