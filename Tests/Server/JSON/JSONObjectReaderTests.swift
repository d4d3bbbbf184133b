import FanfareRuntime
import FanfareTestKit
import Testing

@testable import FanfareServer

@Suite struct JSONObjectReaderTests {
  private static func members(_ bytes: [UInt8]) throws(JSONFault) -> [JSONMember] {
    try JSONObjectReader.members(of: bytes.span, in: 0..<bytes.count)
  }

  private static func members(_ text: String) throws(JSONFault) -> [JSONMember] {
    try members(Array(text.utf8))
  }

  /// What the reader must find in a document that the model has read.
  private static func expected(_ node: JSONModelNode?) -> [JSONMember]? {
    guard let node, case .object(let members) = node.content else { return nil }
    guard Set(members.map(\.key)).count == members.count else { return nil }
    return members.map { member in
      JSONMember(key: member.key, value: member.value.range, kind: kind(member.value))
    }
  }

  private static func kind(_ node: JSONModelNode) -> JSONKind {
    switch node.content {
    case .string: .string
    case .number: .number
    case .object: .object
    case .array: .array
    case .word(let word): word == "true" ? .true : word == "false" ? .false : .null
    }
  }

  @Test func membersAreFoundInPlace() throws {
    let text = #" {"type":"issue_created", "d\u0061ta" : {"a":[1]} ,"n":-1,"t":true,"f":false,"#
    let members = try Self.members(text + "\"z\":null, \"l\":[]}\n")
    #expect(members.map(\.key) == ["type", "data", "n", "t", "f", "z", "l"])
    #expect(members.map(\.kind) == [.string, .object, .number, .true, .false, .null, .array])
    #expect(members[1].value == 40..<49)
    #expect(members[0].value == 9..<24)
  }

  private static let faultTable: [(String, Int, JSONFault.Kind)] = [
    ("[1]", 0, .objectExpected), (" null ", 1, .objectExpected), ("[1", 2, .endedEarly),
    ("[1]x", 3, .trailingBytes), ("", 0, .empty), ("{", 1, .endedEarly), ("{}x", 2, .trailingBytes),
    (#"{"a":1"#, 6, .endedEarly), (#"{"a":"#, 5, .endedEarly), (#"{"a":x}"#, 5, .valueExpected),
    (#"{"a":1,}"#, 7, .keyExpected), (#"{"a":1]"#, 6, .commaOrBraceExpected),
    (#"{"a":[1}"#, 7, .commaOrBracketExpected), (#"{"a":1}{}"#, 7, .trailingBytes),
    (#"{"a":1,"b":2,"a":3}"#, 13, .duplicateKey("a")),
    (#"{"a":1, "\u0061":2}"#, 8, .duplicateKey("a")), (#"{"a":tru}"#, 5, .badLiteral),
    (#"{"\u00e9":1,"e\u0301":2}"#, 12, .duplicateKey("é")),
    (#"{"\ud800":1,"\udc00":2}"#, 12, .duplicateKey("\u{FFFD}")),
  ]

  @Test(arguments: faultTable)
  func refuses(text: String, offset: Int, kind: JSONFault.Kind) {
    #expect(throws: JSONFault(offset: offset, kind: kind)) { try Self.members(text) }
  }

  @Test func objectsWithinMayRepeatKeys() throws {
    #expect(try Self.members(#"{"data":{"a":1,"a":2}}"#).count == 1)
    #expect(try Self.members("{}").isEmpty)
    #expect(try Self.members(" { } ").isEmpty)
  }

  @Test func aLineOfABodyIsReadInPlace() throws {
    let bytes = Array("{\"a\":1}\n{\"b\":22}\n{".utf8)
    let members = try JSONObjectReader.members(of: bytes.span, in: 8..<16)
    #expect(members == [JSONMember(key: "b", value: 13..<15, kind: .number)])
  }

  @Test func nestingCountsTheObjectItself() throws {
    func object(_ depth: Int) -> String {
      "{\"a\":" + String(repeating: "[", count: depth - 1)
        + String(repeating: "]", count: depth - 1) + "}"
    }
    #expect(try Self.members(object(128)).count == 1)
    #expect(throws: JSONFault(offset: 132, kind: .tooDeep)) { try Self.members(object(129)) }
  }

  @Test func randomObjectsAreTakenApartAsWritten() {
    for seed in 0..<UInt64(400) {
      let (bytes, node) = JSONGenerator.document(seed: seed, isObject: true)
      #expect((try? Self.members(bytes)) == Self.expected(node), "seed \(seed)")
    }
  }

  @Test func mutantsAreJudgedAsTheModelDoes() {
    for seed in 0..<UInt64(400) {
      let (original, _) = JSONGenerator.document(seed: seed, isObject: true)
      var random = SeededGenerator(seed: seed)
      for _ in 0..<8 {
        var bytes = original
        bytes[random.below(bytes.count)] = random.pick(original + Array("{}[]:,\"\\".utf8))
        #expect(
          (try? Self.members(bytes)) == Self.expected(JSONModelParser.parse(bytes)),
          "seed \(seed): \(String(decoding: bytes, as: UTF8.self))")
      }
    }
  }

  @Test func manyMembersCostNoSquare() throws {
    let count = 40_000
    let text = (0..<count).map { "\"\($0)\":0" }.joined(separator: ",")
    let start = ContinuousClock.now
    #expect(try Self.members("{\(text)}").count == count)
    // One of the first, which are found by comparison while they are few, and one of the rest.
    for key in ["3", "17"] {
      #expect { try Self.members("{\(text),\"\(key)\":1}") } throws: {
        ($0 as? JSONFault)?.kind == .duplicateKey(key)
      }
    }
    #expect(start.duration(to: .now) < .seconds(5))
  }
}
