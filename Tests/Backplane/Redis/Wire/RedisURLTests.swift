import FanfareBackplane
import FanfareRuntime
import FanfareTestKit
import Testing

@Suite struct RedisURLTests {
  @Test func everyPartIsRead() throws {
    #expect(try RedisURL("redis://localhost") == RedisURL(host: "localhost"))
    #expect(
      try RedisURL("REDIS://redis.example:7000/3")
        == RedisURL(host: "redis.example", port: 7_000, database: 3))
    #expect(
      try RedisURL("redis://:pass@[::1]:1/")
        == RedisURL(host: "::1", port: 1, password: "pass"))
    #expect(
      try RedisURL("redis://ann:a%40b%2F%25:c@10.0.0.1/0")
        == RedisURL(host: "10.0.0.1", user: "ann", password: "a@b/%:c"))
    #expect(try RedisURL("redis://a@b:c@h") == RedisURL(host: "h", user: "a@b", password: "c"))
  }

  @Test(arguments: [
    "", "localhost", "redis:", "redis:/", "redis://", "redis:///0", "redis://h:", "redis://h:0",
    "redis://h:65536", "redis://h:1x", "redis://h/x", "redis://h/-1", "redis://h/1/2",
    "redis://h h",
    "redis://h?db=1", "redis://h#1", "http://h", "redis://ann@h", "redis://a:%4@h",
    "redis://a:%ff@h",
    "redis://[::1", "redis://[h]", "redis://[::1]x", "redis://::1", "redis://é", "unix:///tmp/x",
    "redis://h/1000000", "redis://h:\u{7f}",
  ])
  func anythingElseIsNone(text: String) {
    #expect(throws: RedisURL.Fault.malformed) { try RedisURL(text) }
  }

  @Test func encryptionIsNotToBeHad() {
    #expect(throws: RedisURL.Fault.needsTLS) { try RedisURL("rediss://h") }
  }

  @Test func whatIsWrittenIsReadAsTheSame() throws {
    for seed in UInt64(1)...300 {
      var random = SeededGenerator(seed: seed)
      var url = RedisURL(
        host: ["h", "a.b-c", "::1", "127.0.0.1"].randomElement(using: &random) ?? "h")
      url.port = UInt16.random(in: 1...65_535, using: &random)
      url.database = Int.random(in: 0...20, using: &random)
      let letters = Array("aZ0 :@/%?#é[]*\u{1}")
      func word() -> String {
        String((0...6).map { _ in letters.randomElement(using: &random) ?? "a" })
      }
      if Bool.random(using: &random) { url.password = word() }
      if url.password != nil, Bool.random(using: &random) { url.user = word() }
      #expect(try RedisURL(url.textWithPassword) == url, "seed \(seed)")
    }
  }

  @Test func thePasswordIsNeverShown() throws {
    let url = try RedisURL("redis://ann:sesame@h:1/2")
    var dumped = ""
    dump(url, to: &dumped)
    for text in ["\(url)", url.debugDescription, String(reflecting: url), dumped, "\([url])"] {
      #expect(text.contains("redis://ann:***@h:1/2") && !text.contains("sesame"), "\(text)")
    }
  }
}
