import FanfareActors
import FanfareRuntime
import Testing

@testable import FanfareServer

@Suite struct SettingsValidationTests {
  private func line(_ change: (inout Settings) -> Void) -> String? {
    var settings = Settings()
    change(&settings)
    do {
      try settings.validate()
      return nil
    } catch {
      return error.description
    }
  }

  @Test func theDefaultsAreValid() {
    #expect(line { _ in } == nil)
  }

  @Test func anOpenAddressNeedsInsecure() {
    let problem = "can be reached from other machines, and tokens are not in this version yet"
    let remedy = "allowed: a loopback address like 127.0.0.1:80, or any with --insecure"
    #expect(
      line { $0.listen = ListenAddress(host: "0.0.0.0", port: 80) }
        == "listen: \"0.0.0.0:80\" \(problem); \(remedy)")
    #expect(
      line { $0.listen = ListenAddress(host: "::", port: 80) }
        == "listen: \"[::]:80\" \(problem); \(remedy)")
    #expect(
      line {
        $0.listen = ListenAddress(host: "::", port: 80)
        $0.insecure = true
      } == nil)
    #expect(line { $0.listen = ListenAddress(host: "::1", port: 80) } == nil)
    #expect(line { $0.listen = ListenAddress(host: "127.255.0.1", port: 80) } == nil)
    #expect(line { $0.listen = ListenAddress(host: "localhost", port: 0) } == nil)
  }

  @Test func aCombinationNamesItsSource() throws {
    let sandbox = try SettingsSandbox()
    let problem = "can be reached from other machines, and tokens are not in this version yet"
    #expect(
      try sandbox.load("\nlisten: 192.0.2.1:80").line == """
        listen: "192.0.2.1:80" \(problem) (fanfare.yaml line 2); \
        allowed: a loopback address like 127.0.0.1:80, or any with --insecure
        """)
    #expect(
      try sandbox.load("", overrides: [("limits.event-data", "1MiB")]).line == """
        mailbox.bytes: "1MiB" is too small (the default); \
        allowed: at least 4 times limits.event-data, which is 1MiB
        """)
    #expect(
      try sandbox.load(
        "meta-ttl: 1m", environment: ["FANFARE_META_TTL": "2m", "FANFARE_DEFAULTS_TTL": "1m"],
        overrides: [("namespaces.a.ttl", "3m")]
      ).line == """
        meta-ttl: "2m" is too small (FANFARE_META_TTL in the environment); \
        allowed: at least namespaces.a.ttl, which is 3m
        """)
  }

  @Test func oneEventFitsEverywhere() {
    let event = "limits.event-data, which is 64KiB"
    #expect(
      line { $0.limits.mailboxBytesMax = 256 * 1024 - 1 } == """
        mailbox.bytes: "262143" is too small; allowed: at least 4 times \(event)
        """)
    #expect(line { $0.limits.mailboxBytesMax = 256 * 1024 } == nil)
    #expect(
      line { $0.limits.historyBytesMax = 65_535 }
        == "history.bytes: \"65535\" is too small; allowed: at least \(event)")
    #expect(line { $0.limits.historyBytesMax = 65_536 } == nil)
    #expect(
      line { $0.limits.memoryHistoryBytesMax = 1 << 20 } == """
        memory.history: "1MiB" is too small; allowed: at least history.bytes, which is 16MiB
        """)
    #expect(
      line { $0.limits.publishBodyBytesMax = 65_535 }
        == "limits.publish-body: \"65535\" is too small; allowed: at least \(event)")
    #expect(
      line { $0.limits.pollAnswerBytesMax = 65_535 }
        == "limits.poll-answer: \"65535\" is too small; allowed: at least \(event)")
    #expect(
      line {
        $0.limits.stalledFrameBytesMax = 64 << 10
        $0.limits.eventDataBytesMax = 65_537
      } == """
        limits.stalled-frames: "64KiB" is too small; \
        allowed: at least limits.event-data, which is 65537
        """)
  }

  @Test func anAttachmentFits() {
    #expect(
      line { $0.limits.channelsPerStreamMax = 128 } == nil)
    #expect(
      line { $0.limits.channelsPerConnectionMax = 31 } == """
        limits.channels-per-stream: "32" is too large; \
        allowed: at most limits.channels-per-connection, which is 31
        """)
    #expect(
      line { $0.limits.channelsPerConnectionMax = 129 } == """
        limits.control-lane: "64KiB" is too small; \
        allowed: at least 512 times limits.channels-per-connection, which is 129
        """)
  }

  @Test func namesOfNamespaces() {
    #expect(line { $0.namespaces["a.B~@=+-_"] = NamespaceSettings() } == nil)
    let remedy = "allowed: \(SettingKeys.namespaceAllowed)"
    #expect(
      line { $0.namespaces["fanfare"] = NamespaceSettings() }
        == "namespaces.fanfare: is reserved; \(remedy)")
    #expect(
      line { $0.namespaces["job"] = NamespaceSettings() }
        == "namespaces.job: is reserved; \(remedy)")
    for bad in ["", "a b", "é", "a:b", String(repeating: "a", count: 256)] {
      #expect(
        line { $0.namespaces[bad] = NamespaceSettings() }?.contains("is not the name") == true)
    }
  }

  @Test func valuesThatNeverWereText() {
    let duration = "allowed: a duration from 1s to 5m, with ms, s, m, h or d"
    #expect(
      line { $0.limits.heartbeat = .microseconds(1_000_500) }
        == "heartbeat: \"1.0005 seconds\" is not allowed; \(duration)")
    #expect(
      line { $0.limits.heartbeat = .seconds(-1) }
        == "heartbeat: \"-1s\" is not allowed; \(duration)")
    #expect(line { $0.limits.heartbeat = .seconds(Int64.max) }?.contains(duration) == true)
    #expect(line { $0.limits.heartbeat = .milliseconds(999) }?.contains(duration) == true)
    #expect(line { $0.limits.heartbeat = .seconds(300) } == nil)
    #expect(line { $0.limits.heartbeat = .milliseconds(300_001) }?.contains(duration) == true)
    #expect(
      line { $0.loops = .exactly(0) }
        == "loops: \"0\" is not allowed; allowed: auto or a whole number from 1 to 64")
    #expect(line { $0.listen = ListenAddress(host: "a b", port: 1) }?.hasPrefix("listen") == true)
    #expect(line { $0.listen = ListenAddress(host: "::1", port: -1) }?.hasPrefix("listen") == true)
    // What is not written in the one way there is cannot be read back as the same.
    #expect(line { $0.listen = ListenAddress(host: "0::1", port: 1) }?.contains("[0::1]:1") == true)
    #expect(line { $0.limits.connectionsMax = 0 }?.hasPrefix("limits.connections: \"0\"") == true)
    #expect(line { $0.limits.requestHeadBytesMax = 1023 }?.contains("from 1KiB to 64KiB") == true)
    #expect(line { $0.origins = ["*"] }?.hasPrefix("origins: \"*\" is not allowed") == true)
    #expect(
      line {
        $0.namespaces["a"] = NamespaceSettings()
        $0.namespaces["a"]?.historyEventsMax = 0
      }?.hasPrefix("namespaces.a.history: \"0\" is not allowed") == true)
  }

  @Test func loopsOfAMachine() {
    #expect(LoopCount.auto.loops(cores: 0) == 1)
    #expect(LoopCount.auto.loops(cores: 8) == 8)
    #expect(LoopCount.auto.loops(cores: 500) == 64)
    #expect(LoopCount.exactly(3).loops(cores: 8) == 3)
  }
}
