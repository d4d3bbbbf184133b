import FanfareActors
import Testing

@testable import FanfareServer

struct EventLineTests {
  private static func line(_ text: String, _ channel: String? = nil) throws -> EventLine {
    try EventLine(Array(text.utf8), number: 7, channel: channel.flatMap { ChannelName($0) })
  }

  @Test func putsTheChannelIntoALineThatNamesNone() throws {
    let line = try Self.line(#" { "type":"n","data": [1, 2] } "#, "a")
    #expect(
      String(decoding: line.json, as: UTF8.self)
        == #"{"channel":"a", "type":"n","data": [1, 2] } "#)
    #expect(line.channel.text == "a")
  }

  @Test func leavesALineAloneThatNamesItsChannel() throws {
    let text = #"{"type":"n","data":{"channel":1},"\u0063hannel":"b"}"#
    let line = try Self.line(text, "a")
    #expect(String(decoding: line.json, as: UTF8.self) == text)
    #expect(line.channel.text == "b")
  }

  @Test(arguments: [
    ("", "missing"), ("{}", "type"), ("[1]", "object"), (#"{"type":"n"}"#, "data"),
    (#"{"type":"n","data":1,"x":2}"#, "Remove the member x"), (#"{"type":"n","data":1"#, "early"),
    (#"{"type":"open","data":1}"#, "Mend type"),
    (#"{"type":"n","data":1,"channel":"a b"}"#, "Mend"),
    (#"{"type":"n","data":1,"channel":"job:1"}"#, "job"), (#"{"type":"n","data":1}{}"#, "follow"),
  ])
  func saysWhatToMend(text: String, word: String) {
    let fault = #expect(throws: EventLineFault.self) { try Self.line(text, "a") }
    #expect(fault?.line == 7)
    #expect(fault?.detail.contains(word) == true, "\(fault?.detail ?? "")")
  }

  @Test func asksForAChannel() {
    let fault = #expect(throws: EventLineFault.self) { try Self.line(#"{"type":"n","data":1}"#) }
    #expect(fault?.description == "line 7: Name the event's channel.")
  }

  @Test func aBatchHoldsWhatAServerTakes() throws {
    let small = try Self.line(#"{"type":"n","data":1}"#, "a")
    var batch = EventBatch()
    var count = 0
    while batch.append(small) { count += 1 }
    #expect(count == 1_000)
    #expect(batch.prefix(3).lines.count == 3)
    #expect(batch.dropFirst(3).lines.count == 997)
    let data = "\"" + String(repeating: "x", count: 60_000) + "\""
    let large = try Self.line(#"{"type":"n","data":\#(data)}"#, "a")
    batch = EventBatch()
    while batch.append(large) {}
    #expect(batch.body.count <= 1024 * 1024)
    #expect(batch.body.count + large.json.count + 1 > 1024 * 1024)
    let huge = "\"" + String(repeating: "x", count: 2_000_000) + "\""
    batch = EventBatch()
    let isTaken = batch.append(try Self.line(#"{"type":"n","data":\#(huge)}"#, "a"))
    #expect(isTaken)
    let takesMore = batch.append(small)
    #expect(!takesMore)
  }
}
