import FanfareActors
import FanfareRuntime
import Testing

@testable import FanfareServer

@Suite struct SettingsPrecedenceTests {
  @Test func nothingGivesTheDefaults() throws {
    let sandbox = try SettingsSandbox()
    #expect(try sandbox.load() == .success(Settings()))
    #expect(try sandbox.load("") == .success(Settings()))
    #expect(try sandbox.load("# nothing\n") == .success(Settings()))
    #expect(try sandbox.load("---\n") == .success(Settings()))
    #expect(try sandbox.load("limits:\n  # event-data: 1\nnamespaces: ~\n") == .success(Settings()))
  }

  @Test func aLaterSourceWins() throws {
    let sandbox = try SettingsSandbox()
    let yaml = "heartbeat: 1s\nlog: { level: debug, format: json }\nmeta-ttl: 1d\n"
    let environment = [
      "FANFARE_HEARTBEAT": "2s", "FANFARE_LOG_LEVEL": "notice", "PATH": "/bin",
      "fanfare_listen": "x",
    ]
    let overrides = [("heartbeat", "3s"), ("heartbeat", "4s")].map { (key: $0.0, value: $0.1) }
    let settings = try sandbox.load(yaml, environment: environment, overrides: overrides).get()
    #expect(settings.limits.heartbeat == .seconds(4))
    #expect("\(settings.logLevel)" == "notice")
    #expect(settings.logFormat == .json)
    #expect(settings.limits.metaTTL == .seconds(86_400))
    #expect(settings.listen == Settings().listen)
  }

  @Test func theDefaultFileIsReadWhenItIsThere() throws {
    let sandbox = try SettingsSandbox()
    try sandbox.write("heartbeat: 9s".utf8, to: "fanfare.yaml")
    #expect(try sandbox.load(file: nil).get().limits.heartbeat == .seconds(9))
  }

  @Test func theContractsExampleLoads() throws {
    let yaml = """
      listen: 127.0.0.1:8080
      loops: auto                 # one event loop per core
      backplane: local            # local | redis
      redis:
        url: redis://127.0.0.1:6379/0
        mode: streams             # pubsub (at most once) | streams (replay on every node)
      namespaces:
        project: { history: 1000, ttl: 1h, overflow: catch-up }
      """
    let sandbox = try SettingsSandbox()
    var expected = Settings()
    expected.namespaces = ["project": NamespaceSettings()]
    #expect(try sandbox.load(yaml) == .success(expected))
  }

  @Test func everyKeyCanBeSetFromEverySource() throws {
    let (sandbox, empty) = (try SettingsSandbox(), try SettingsSandbox())
    for key in SettingKeys.fixed {
      let other = try #require(SettingsPrecedenceTests.others[key.name], "\(key.name)")
      let fromFlag = try empty.load(overrides: [(key.name, other)]).get()
      #expect(key.text(fromFlag).line == other)
      #expect(key.text(Settings()).line != other)
      #expect(try empty.load(environment: [key.variable: other]) == .success(fromFlag))
      let value = key.isList ? "[\"\(other)\"]" : "\"\(other)\""
      let leaf =
        key.path.count == 1
        ? "\(key.name): \(value)" : "\(key.path[0]):\n  \(key.path[1]): \(value)"
      #expect(try sandbox.load(leaf) == .success(fromFlag))
    }
  }

  /// A value other than the default that needs nothing else.
  private static let others = [
    "listen": "[::1]:0", "insecure": "true", "loops": "3", "backplane": "redis",
    "redis.url": "redis://ann:p%40ss@[::1]:7/2", "redis.mode": "pubsub", "redis.prefix": "x:",
    "redis.answer-timeout": "2s", "defaults.firehose": "true", "defaults.firehose-events": "7",
    "origins": "https://a.example", "hosts": "a.example", "heartbeat": "16s", "log.level": "debug",
    "drain.window": "7s", "websocket.compression": "true", "diagnostics.echo": "true",
    "diagnostics.echo-bytes": "1MiB", "limits.websocket-messages": "7",
    "log.format": "json", "defaults.history": "7", "defaults.ttl": "2h",
    "defaults.overflow": "disconnect", "mailbox.events": "300", "mailbox.bytes": "2MiB",
    "history.bytes": "17MiB", "memory.history": "2GiB", "meta-ttl": "8d",
    "limits.event-data": "65535", "limits.request-head": "17KiB", "limits.publish-body": "2MiB",
    "limits.publish-lines": "2", "limits.channels-per-connection": "127",
    "limits.channels-per-stream": "31", "limits.connections": "5", "limits.channels": "6",
    "limits.dormant-channels": "7",
    "limits.header-read": "11s", "limits.body-read": "31s", "limits.keep-alive": "76s",
    "limits.write-deadline": "250ms", "limits.write-deadlines": "4",
    "limits.stalled-frames": "65MiB", "limits.control-lane": "65KiB", "limits.poll-answer": "2MiB",
    "limits.poll-events": "9", "limits.backplane-publishes": "9",
    "limits.backplane-publish-bytes": "9MiB", "limits.backplane-kept": "9MiB",
    "limits.poll-wait": "30s", "limits.idempotency-ttl": "3m",
    "limits.idempotency-keys": "8", "limits.idempotency-key-bytes": "64",
    "limits.paced-publishes": "10", "jobs.store": "off", "jobs.path": "x/y.sqlite",
    "jobs.retention": "3d", "jobs.only-here": "true", "limits.job-args": "1MiB",
    "limits.job-result": "1MiB", "limits.job-checkpoint": "1MiB", "limits.job-error": "1KiB",
    "limits.job-log": "1MiB", "limits.jobs": "7", "limits.jobs-per-request": "7",
    "limits.workflow-steps": "7", "limits.waiting-leases": "7",
  ]

  @Test func listsAreReplacedNotJoined() throws {
    let sandbox = try SettingsSandbox()
    let yaml = "origins: [https://a.example, 'http://[::1]:3000']\nhosts: []\n"
    let fromFile = try sandbox.load(yaml).get()
    #expect(fromFile.origins == ["https://a.example", "http://[::1]:3000"])
    #expect(fromFile.hosts == [])
    let environment = ["FANFARE_ORIGINS": " https://b.example , https://c.example"]
    let both = try sandbox.load(yaml, environment: environment).get()
    #expect(both.origins == ["https://b.example", "https://c.example"])
    let none = try sandbox.load(
      yaml, environment: environment, overrides: [("origins", "")]
    ).get()
    #expect(none.origins == [])
  }
}
