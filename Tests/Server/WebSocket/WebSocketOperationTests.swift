import FanfareActors
import FanfareRuntime
import FanfareTestKit
import Testing

@testable import FanfareServer

@Suite struct WebSocketOperationTests {
  private static func read(_ text: String) -> (id: String, Result<WebSocketOperation, Problem>) {
    let (id, result) = WebSocketOperation.read(Array(text.utf8), Limits())
    return (String(decoding: id, as: UTF8.self), result)
  }

  private static func problem(_ text: String) -> Problem? {
    guard case .failure(let problem) = read(text).1 else { return nil }
    return problem
  }

  @Test func subscribing() throws {
    let name = try #require(ChannelName("project:42"))
    var random = SeededGenerator(seed: 1)
    let position = Position(offset: 17, epoch: Epoch(newFor: name, random: &random))
    for (rest, start) in [
      ("", .live), (#","after":"\#(position)""#, .after(position)), (#","after":"-""#, .live),
      (#","after":"oldest""#, .oldest), (#","last":0"#, .last(0)),
      (#","last":1000000"#, .last(1_000_000)),
    ] as [(String, StartPoint)] {
      let (id, result) = Self.read(
        #"{"op":"subscribe","id":1,"channel":"project:\u0034\u0032"\#(rest)}"#)
      guard case .success(.subscribe(let follow, nil)) = result else {
        Issue.record("\(rest): \(result)")
        continue
      }
      #expect(id == "1" && follow.channel == name && follow.start == start, "\(rest)")
    }
    for types in [#"["agent_*","done"]"#, #""agent_*,done""#, #"[ "agent_*" , "d\u006Fne" ]"#] {
      let (_, result) = Self.read(#"{"op":"subscribe","channel":"c","types":\#(types)}"#)
      guard case .success(.subscribe(_, let filter?)) = result else {
        Issue.record("\(types): \(result)")
        continue
      }
      #expect(filter == TypeFilter("agent_*,done"), "\(types)")
    }
  }

  @Test func publishing() throws {
    let data = "{ \"a\" : [1,\n2], \"b\":\"\\u00e4\" }"
    let (id, result) = Self.read(
      #"{"data":\#(data),"type":"t","channel":"c","key":"k\u0031","id":"x","op":"publish"}"#)
    guard case .success(.publish(let channel, let draft, let key)) = result else {
      Issue.record("\(result)")
      return
    }
    #expect(id == "\"x\"" && channel.text == "c" && key == "k1")
    #expect(draft.type.text == "t" && draft.data == Array(data.utf8))
    // The bound is one of the data, as it stands there.
    for (count, status) in [(65_536, nil), (65_537, 413)] as [(Int, Int?)] {
      let text = "\"" + String(repeating: "x", count: count - 2) + "\""
      let problem = Self.problem(#"{"op":"publish","channel":"c","type":"t","data":\#(text)}"#)
      #expect(problem?.status == status)
    }
    for (count, status) in [(1, nil), (255, nil), (256, 400)] as [(Int, Int?)] {
      let key = String(repeating: "k", count: count)
      let problem = Self.problem(
        #"{"op":"publish","channel":"c","type":"t","data":1,"key":"\#(key)"}"#)
      #expect(problem?.status == status)
    }
  }

  @Test func theOthersAndTheirIDs() {
    guard
      case .success(.unsubscribe(let channel)) =
        Self.read(#"{"op":"unsubscribe","channel":"c"}"#).1
    else {
      Issue.record("no unsubscribe")
      return
    }
    #expect(channel.text == "c")
    let longest = "\"" + String(repeating: "x", count: 126) + "\""
    for id in ["1", "-1.5e3", "\"\"", "\"a\\n\"", longest] {
      let (given, result) = Self.read(#"{"op":"ping","id":\#(id)}"#)
      guard case .success(.ping) = result else {
        Issue.record("\(id): \(result)")
        continue
      }
      #expect(given == id)
    }
    for id in ["null", "true", "[]", "{}", longest.dropLast() + "x\""] {
      let (given, result) = Self.read(#"{"op":"ping","id":\#(id)}"#)
      guard case .failure(let problem) = result else {
        Issue.record("\(id): taken")
        continue
      }
      #expect(given.isEmpty && problem.status == 400)
    }
  }

  /// A misspelt member must not vanish; whose member it is depends on the operation.
  @Test func membersThatDoNotBelongAreRefused() {
    let members = [
      "channel", "after", "last", "types", "type", "data", "key", "position", "time",
    ]
    let allowed: [String: Set<String>] = [
      "subscribe": ["channel", "after", "last", "types"], "unsubscribe": ["channel"],
      "publish": ["channel", "type", "data", "key"], "ping": [],
    ]
    for (op, own) in allowed {
      for member in members + ["Channel", "chanel", "ids"] where !own.contains(member) {
        let problem = Self.problem(#"{"op":"\#(op)","\#(member)":"x"}"#)
        #expect(problem?.status == 400, "\(op) \(member)")
        #expect(problem?.detail.contains(member) == true, "\(op) \(member)")
      }
    }
  }

  @Test(arguments: 1...10 as ClosedRange<UInt64>)
  func standsAnyMutation(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let messages = [
      #"{"op":"subscribe","id":1,"channel":"c","after":"1.abcdefgh","types":["a*"]}"#,
      #"{"op":"publish","id":"i","channel":"c","type":"t","data":{"a":[1,"ä"]},"key":"k"}"#,
      #"{"op":"unsubscribe","id":-1,"channel":"c"}"#, #"{"op":"ping","id":4}"#,
    ]
    for _ in 0..<300 {
      let bytes = random.mutated(Array(random.pick(messages).utf8))
      guard case .failure(let problem) = WebSocketOperation.read(bytes, Limits()).1 else {
        continue
      }
      let isKnown = [400, 403, 413, 422].contains(problem.status)
      #expect(isKnown, "seed \(seed): \(problem)")
    }
  }
}
