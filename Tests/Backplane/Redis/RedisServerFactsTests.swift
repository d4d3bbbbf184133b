import Testing

@testable import FanfareBackplane

/// What a node makes of a server's word on itself.
@Suite struct RedisServerFactsTests {
  private static let none = String(repeating: "0", count: 40)

  private func facts(replaced: String, role: String = "master") -> RedisServerFacts {
    var facts = RedisServerFacts()
    let text = "# Server\r\nrun_id:abc\r\nrole:\(role)\r\nmaster_replid2:\(replaced)\r\n"
    facts.learn(info: Array(text.utf8))
    let config = ["appendonly", "yes", "appendfsync", "always"]
    facts.learn(config: .array(config.map { .bytes(Array($0.utf8)) }))
    return facts
  }

  @Test func aPrimaryThatNeverFollowedAnotherIsDurable() {
    #expect(RedisServerFacts().run.isEmpty)
    let facts = facts(replaced: Self.none)
    #expect(facts.run == "abc" && facts.isDurable)
    #expect(!self.facts(replaced: Self.none, role: "slave").isDurable)
  }

  /// Its data were replaced meanwhile, though the process is the same.
  @Test func aPrimaryThatWasAReplicaIsAnotherRun() {
    let before = facts(replaced: Self.none)
    let first = facts(replaced: String(repeating: "a", count: 40))
    let second = facts(replaced: String(repeating: "b", count: 40))
    #expect(Set([before.run, first.run, second.run]).count == 3)
    #expect(!first.isDurable && !second.isDurable)
  }
}
