import FanfareActors
import FanfareRuntime
import Foundation
import Testing

@testable import FanfareServer

@Suite struct SettingsFileErrorTests {
  @Test(arguments: [
    (
      "heartbeat: 10m",
      """
      heartbeat: "10m" is not allowed (fanfare.yaml line 1); \
      allowed: a duration from 1s to 5m, with ms, s, m, h or d
      """
    ),
    (
      "insecure: yes",
      "insecure: \"yes\" is not allowed (fanfare.yaml line 1); allowed: true or false"
    ),
    (
      "listen: 8080",
      """
      listen: "8080" is not allowed (fanfare.yaml line 1); \
      allowed: HOST:PORT with an IP address or localhost, like 127.0.0.1:8080, [::1]:8080 or \
      localhost:0
      """
    ),
    (
      "\nloops: 65",
      """
      loops: "65" is not allowed (fanfare.yaml line 2); \
      allowed: auto or a whole number from 1 to 64
      """
    ),
    (
      "backplane: nats",
      "backplane: \"nats\" is not allowed (fanfare.yaml line 1); allowed: local or redis"
    ),
    (
      "namespaces:\n  project: { overflow: catchup }",
      """
      namespaces.project.overflow: "catchup" is not allowed (fanfare.yaml line 2); \
      allowed: catch-up, drop-oldest or disconnect
      """
    ),
    (
      "limits: { connections: 1_000 }",
      """
      limits.connections: "1_000" is not allowed (fanfare.yaml line 1); \
      allowed: a whole number from 1 to 10000000
      """
    ),
    (
      "mailbox:\n  bytes: 64k",
      """
      mailbox.bytes: "64k" is not allowed (fanfare.yaml line 2); \
      allowed: a size from 4KiB to 1GiB, in bytes or with KiB, MiB or GiB
      """
    ),
    (
      "origins: [https://a.example, https://b.example/]",
      """
      origins: "https://b.example/" is not allowed (fanfare.yaml line 1); \
      allowed: a list of origins like https://app.example.com: lower case, no path, no default port
      """
    ),
    (
      "log: { level: \"a\\nb\" }",
      """
      log.level: "a\\nb" is not allowed (fanfare.yaml line 1); \
      allowed: trace, debug, info, notice, warning, error or critical
      """
    ),
  ])
  func aBadValue(yaml: String, line: String) throws {
    #expect(try SettingsSandbox().load(yaml).line == line)
  }

  @Test(arguments: [
    (
      "hartbeat: 15s",
      "hartbeat: unknown key (fanfare.yaml line 1); did you mean heartbeat?"
    ),
    (
      "log:\n  levle: info",
      "log.levle: unknown key (fanfare.yaml line 2); did you mean log.level?"
    ),
    (
      "namespces: {}",
      "namespces: unknown key (fanfare.yaml line 1); did you mean namespaces?"
    ),
    (
      "namespaces:\n  a:\n    histroy: 1",
      """
      namespaces.a.histroy: unknown key (fanfare.yaml line 3); \
      did you mean namespaces.a.history?
      """
    ),
    (
      "event-data: 1KiB",
      "event-data: unknown key (fanfare.yaml line 1); did you mean limits.event-data?"
    ),
    (
      "mailbox: { bytez: { deep: 1 } }",
      "mailbox.bytez: unknown key (fanfare.yaml line 1); did you mean mailbox.bytes?"
    ),
    (
      "log.level: info",
      "log.level: unknown key (fanfare.yaml line 1); write it in its section: log: { level: … }"
    ),
    (
      "colour: red",
      "colour: unknown key (fanfare.yaml line 1); fanfare config reference lists the keys"
    ),
    (
      "<<: { listen: 1 }",
      "<<: unknown key (fanfare.yaml line 1); fanfare config reference lists the keys"
    ),
    (
      "auth:\n  mode: none",
      "auth: is not in this version yet (fanfare.yaml line 1); leave it out"
    ),
  ])
  func anUnknownKey(yaml: String, line: String) throws {
    #expect(try SettingsSandbox().load(yaml).line == line)
  }

  @Test(arguments: [
    (
      "loops: [1, 2]",
      """
      loops: is a list, not one value (fanfare.yaml line 1); \
      allowed: auto or a whole number from 1 to 64
      """
    ),
    (
      "loops: { a: 1 }",
      """
      loops: is a mapping, not one value (fanfare.yaml line 1); \
      allowed: auto or a whole number from 1 to 64
      """
    ),
    (
      "loops:",
      """
      loops: has no value (fanfare.yaml line 1); allowed: auto or a whole number from 1 to 64
      """
    ),
    (
      "hosts: a.example",
      """
      hosts: "a.example" is not a list (fanfare.yaml line 1); \
      allowed: a list of HOST or HOST:PORT like fanfare.example.com: lower case, IPv6 in brackets
      """
    ),
    (
      "hosts: [[a]]",
      """
      hosts: has an entry that is not text (fanfare.yaml line 1); \
      allowed: a list of HOST or HOST:PORT like fanfare.example.com: lower case, IPv6 in brackets
      """
    ),
    (
      "log: info",
      "log: \"info\" is not a mapping (fanfare.yaml line 1); allowed: the keys level, format"
    ),
    (
      "log: [info]",
      "log: is not a mapping (fanfare.yaml line 1); allowed: the keys level, format"
    ),
    (
      "namespaces: [a]",
      """
      namespaces: is not a mapping (fanfare.yaml line 1); \
      allowed: names of namespaces, each with its keys
      """
    ),
    (
      "namespaces: { a: 5 }",
      """
      namespaces.a: "5" is not a mapping (fanfare.yaml line 1); \
      allowed: the keys history, ttl, overflow, firehose, firehose-events
      """
    ),
    (
      "namespaces:\n  job: {}",
      """
      namespaces.job: is reserved (fanfare.yaml line 2); \
      allowed: 1 to 255 of the characters A-Z a-z 0-9 _ . ~ @ = + -, and neither fanfare nor job
      """
    ),
    (
      "namespaces: { 'a:b': {} }",
      """
      namespaces.a:b: is not the name of a namespace (fanfare.yaml line 1); \
      allowed: 1 to 255 of the characters A-Z a-z 0-9 _ . ~ @ = + -, and neither fanfare nor job
      """
    ),
  ])
  func aWrongType(yaml: String, line: String) throws {
    #expect(try SettingsSandbox().load(yaml).line == line)
  }

  @Test(arguments: [
    (
      "listen: 1.2.3.4:5\nloops: 1\nlisten: 1.2.3.4:5",
      "listen: is given twice (fanfare.yaml line 1); allowed: each key once"
    ),
    (
      "namespaces:\n  1: {}\n  '1': {}",
      "namespaces.1: is given twice (fanfare.yaml line 2); allowed: each key once"
    ),
    ("[1, 2]", "is not a mapping of keys to values (fanfare.yaml line 1)"),
    ("\nhello", "is not a mapping of keys to values (fanfare.yaml line 2)"),
    ("? [a]\n: 1", "has a key that is not text (fanfare.yaml line 1)"),
    ("log: {\n", "is not YAML: did not find expected node content (fanfare.yaml line 2)"),
    (
      "a: b: c",
      "is not YAML: mapping values are not allowed in this context (fanfare.yaml line 1)"
    ),
    ("a: *b", "is not YAML: found undefined alias (fanfare.yaml line 1)"),
    ("loops: 1\n---\nloops: 2", "is not YAML: but found another document (fanfare.yaml line 2)"),
    ("loops: 1\n\u{7}", "is not YAML: control characters are not allowed (fanfare.yaml line 2)"),
  ])
  func aMalformedFile(yaml: String, problem: String) throws {
    let whole =
      problem.contains(";")
      ? problem
      : "config: \"fanfare.yaml\" \(problem); allowed: a readable YAML file of at most 1MiB"
    #expect(try SettingsSandbox().load(yaml).line == whole)
  }

  @Test func aFileThatCannotBeRead() throws {
    let sandbox = try SettingsSandbox()
    let remedy = "allowed: a readable YAML file of at most 1MiB"
    #expect(sandbox.load(file: "no.yaml").line == "config: \"no.yaml\" does not exist; \(remedy)")

    try sandbox.write([0x61, 0x3a, 0xff], to: "bytes")
    #expect(sandbox.load(file: "bytes").line == "config: \"bytes\" is not UTF-8 text; \(remedy)")

    let full = "# " + String(repeating: "x", count: SettingsFile.bytesMax - 2)
    try sandbox.write(full.utf8, to: "full")
    #expect(sandbox.load(file: "full") == .success(Settings()))
    try sandbox.write((full + "x").utf8, to: "large")
    #expect(sandbox.load(file: "large").line == "config: \"large\" is larger than 1MiB; \(remedy)")
    #expect(
      sandbox.load(file: "full/x").line == """
        config: "full/x" cannot be read: a part of the path is not a directory; \(remedy)
        """)

    // The default file need not exist, but must be a file if it does.
    try FileManager.default.createDirectory(
      atPath: sandbox.path("fanfare.yaml"), withIntermediateDirectories: false)
    #expect(
      sandbox.load(file: nil).line == "config: \"fanfare.yaml\" is a directory; \(remedy)")

    try FileManager.default.createSymbolicLink(
      atPath: sandbox.path("loop"), withDestinationPath: sandbox.path("loop"))
    #expect(
      sandbox.load(file: "loop").line
        == "config: \"loop\" cannot be read: too many symbolic links; \(remedy)")
  }

  @Test func aFileBehindALinkIsRead() throws {
    let sandbox = try SettingsSandbox()
    try sandbox.write("heartbeat: 9s".utf8, to: "real")
    try FileManager.default.createSymbolicLink(
      atPath: sandbox.path("link"), withDestinationPath: sandbox.path("real"))
    #expect(try sandbox.load(file: "link").get().limits.heartbeat == .seconds(9))
  }

  @Test func anOverriddenBadValueIsStillAnError() throws {
    let result = try SettingsSandbox().load("loops: 0", overrides: [("loops", "1")])
    #expect(
      result.line == """
        loops: "0" is not allowed (fanfare.yaml line 1); \
        allowed: auto or a whole number from 1 to 64
        """)
  }

  @Test func nestingAndAliasesEndInALine() throws {
    let sandbox = try SettingsSandbox()
    let deep = String(repeating: "[", count: 100_000)
    #expect(try sandbox.load("origins: \(deep)").line?.contains("is not YAML") == true)
    var laughs = "namespaces:\n  a0: &a0 { history: 1 }\n"
    for level in 1..<40 {
      laughs += "  a\(level): &a\(level) { x: *a\(level - 1), y: *a\(level - 1) }\n"
    }
    #expect(try sandbox.load(laughs).line?.hasPrefix("namespaces.a1.x: unknown key") == true)
    let shared = "namespaces: { a: &a { history: 7 }, b: *a }"
    #expect(try sandbox.load(shared).get().namespaces["b"]?.historyEventsMax == 7)
  }
}
