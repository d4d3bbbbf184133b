import FanfareBackplane
import FanfareTestKit
import Testing

@testable import FanfareServer

@Suite struct SettingsRedisTests {
  @Test func aUserAndAPasswordAreRead() throws {
    let settings = try SettingsSandbox().load(
      "backplane: redis\nredis: { url: 'redis://ann:s%40me@redis.example/4', mode: pubsub }\n"
    ).get()
    #expect(settings.backplane == .redis)
    #expect(
      settings.redis.url
        == RedisURL(host: "redis.example", user: "ann", password: "s@me", database: 4))
    #expect(settings.redis.mode == .pubsub)
  }

  @Test func whatHiredisCannotDoIsSaid() throws {
    #expect(
      try SettingsSandbox().load("redis:\n  url: rediss://:sesame@redis.example").line == """
        redis.url: "rediss://…" needs TLS, which Debian's hiredis cannot do (fanfare.yaml line 2); \
        allowed: redis://[[USER]:PASSWORD@]HOST[:PORT][/DATABASE], like redis://127.0.0.1:6379/0
        """)
  }

  /// Wherever the password stands, and however wrong the rest is.
  @Test(arguments: [
    "redis://:sesame@h:x", "redis://ann:sesame", "sesame", "sesame://h",
    "redis:sesame@h", "http://:sesame@h", "redis://:sesame@h/99999999", "rediss://:sesame@h",
    "redis://:sesame@",
  ])
  func noErrorShowsThePassword(url: String) throws {
    let sandbox = try SettingsSandbox()
    let results = [
      try sandbox.load("redis: { url: '\(url)' }"), try sandbox.load("redis: '\(url)'"),
      try sandbox.load("redis: { url: ['\(url)'] }"),
      try sandbox.load("redis: { url: { a: '\(url)' } }"),
      try sandbox.load(environment: ["FANFARE_REDIS_URL": url]),
      try sandbox.load(overrides: [("redis.url", url)]),
    ]
    for result in results {
      #expect(result.line?.contains("sesame") == false, "\(result)")
    }
  }

  @Test func theDescriptionKeepsThePasswordToItself() throws {
    var settings = Settings()
    settings.redis.url = RedisURL(host: "h", password: "sesame")
    #expect(settings.describe().contains("url: \"redis://:***@h:6379/0\""))
    #expect(!settings.describe().contains("sesame"))
    #expect(settings.describe(showingPasswords: true).contains("sesame"))
    #expect(!"\(settings)".contains("sesame"))
  }

  /// A value that no text could give.
  @Test func aRefusedValueDoesNotShowItsPassword() {
    var settings = Settings()
    settings.redis.url = RedisURL(host: "a host", password: "sesame")
    #expect(throws: SettingsError.self) { try settings.validate() }
    do {
      try settings.validate()
    } catch {
      #expect(!error.description.contains("sesame"))
    }
  }
}
