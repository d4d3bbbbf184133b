import FanfareRuntime
import FanfareTestKit
import FuzzInvariants
import Testing

@testable import FanfareActors

@Suite struct CursorTests {
  let channel = ChannelName("project:42")
  let other = ChannelName("project:43")

  @Test(arguments: [
    "", ".", "..", "a b", "a/b", "ü", "a\0", String(repeating: "a", count: 256), "a,b",
  ])
  func impossibleNames(text: String) {
    #expect(ChannelName(text) == nil)
  }

  @Test(arguments: ["a", "...", "project:42", "A-Z_~@=+:.", String(repeating: "a", count: 255)])
  func possibleNames(text: String) throws {
    let name = try #require(ChannelName(text))
    #expect(name.text == text)
  }

  @Test func theNamespaceIsWhatStandsBeforeTheFirstColon() throws {
    #expect(try #require(ChannelName("a:b:c")).namespace == "a")
    #expect(try #require(ChannelName("abc")).namespace == "abc")
    #expect(try #require(ChannelName(":x")).namespace == "")
  }

  @Test(arguments: 1...40 as ClosedRange<UInt64>)
  func whatIsWrittenIsRead(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let channels = [try #require(channel), try #require(other)]
    let positions: [Position?] = channels.map { channel in
      random.isOne(in: 4)
        ? nil
        : Position(
          offset: UInt64(random.int(0...1_000_000_000)),
          epoch: Epoch(newFor: channel, random: &random))
    }
    let cursor = Cursor(positions)
    #expect(Cursor(cursor.description, for: channels) == cursor, "seed \(seed): \(cursor)")
    // The same positions in another order are noticed: each epoch knows its channel.
    if positions.contains(where: { $0 != nil }) {
      #expect(Cursor(cursor.description, for: channels.reversed()) == nil, "seed \(seed)")
    }
    #expect(Cursor(cursor.description, for: [channels[0]]) == nil)
  }

  /// A Redis function makes them too.
  @Test(arguments: [("project:42", "nj"), ("a", "2p"), ("workflow:7~x@Y", "mz")])
  func theCheckCharactersAreThoseOfTheName(name: String, check: String) throws {
    var random = SeededGenerator(seed: 1)
    let channel = try #require(ChannelName(name))
    #expect(Epoch(newFor: channel, random: &random).text.hasSuffix(check))
    #expect(try #require(Epoch("seed5gener" + check)).belongs(to: channel))
  }

  @Test(arguments: [
    "", "1", "1.", ".abc", "01.abc", "+1.abc", "1.ABC", "1.ab", "1.abcdefghijklm", "1.abc,",
    "1234567890123456789.abc", "1.a c", " 1.abc", "١.abc",
  ])
  func malformedPositions(text: String) {
    #expect(Position(text) == nil)
  }

  @Test func theCorpusOfTheFuzzerHolds() throws {
    for (name, bytes) in try FuzzCorpus.inputs("FuzzCursor") {
      #expect(CursorInvariants.violation(bytes) == nil, "\(name)")
    }
  }

  @Test(arguments: ["agent_*", "agent_started,issue_*", "*", "a.b-c_D"])
  func possibleFilters(text: String) {
    #expect(TypeFilter(text) != nil)
  }

  @Test(arguments: ["", ",", "a,,b", "a b", "**", "a*b", "é"])
  func impossibleFilters(text: String) {
    #expect(TypeFilter(text) == nil)
  }

  @Test func aFilterTakesTypesAndBeginnings() throws {
    let filter = try #require(TypeFilter("agent_*,issue_created"))
    let accepted = EventType.known.filter(filter.accepts).map(\.text)
    #expect(
      accepted == [
        "agent_started", "agent_activity", "agent_thought", "agent_progress", "agent_completed",
        "agent_error", "issue_created",
      ])
  }

  @Test(arguments: [
    "open", "error", "fanfare.x", "", "a b", "ä", String(repeating: "a", count: 129),
  ])
  func impossibleTypes(text: String) {
    #expect(EventType(text) == nil)
  }
}
