import FanfareRuntime
import FanfareTestKit

@testable import FanfareServer

/// A request as a list of facts, which a random writer turns into one of its many valid spellings.
struct RequestModel {
  var method = "GET"
  var segments: [String] = []
  var items: [(name: String, value: String)] = []
  var fields: [(name: String, value: String)] = []
  var framing = BodyFraming.none
  var minorVersion = 1
  var host = "a"

  private static let nameBytes = "abcXYZ019!#$%&'*+-.^_`|~"
  private static let valueBytes = "abc XYZ\t019,;:=\"\\/()<>@[]{}?"

  init(_ random: inout SeededGenerator) {
    method = random.pick(["GET", "POST", "DELETE", "OPTIONS", "PURGE", "M-SEARCH"])
    segments = (0..<random.int(0...4)).map { _ in
      random.text(of: "abc/%? \u{e9}\u{1f600}._~:@", count: 1...6) + "x"
    }
    items = (0..<random.int(0...3)).map { _ in
      let name = "n" + random.text(of: "ab &=+%\u{e9}", count: 0...3)
      return (name, random.text(of: "yz&=+% ", count: 0...5))
    }
    fields = (0..<random.int(0...8)).map { _ in
      ("x" + random.text(of: RequestModel.nameBytes, count: 0...9), RequestModel.value(&random))
    }
    minorVersion = random.isOne(in: 5) ? 0 : 1
    host = random.pick(["a", "fan.example:8080", "[::1]", "127.0.0.1:1"])
    switch random.int(0...2) {
    case 0: framing = .length(random.int(0...1_000_000))
    case 1 where minorVersion == 1: framing = .chunked
    default: framing = .none
    }
  }

  private static func value(_ random: inout SeededGenerator) -> String {
    let text = random.text(of: valueBytes, count: 0...20)
    return String(text.drop { $0 == " " || $0 == "\t" }.reversed().drop { $0 == " " || $0 == "\t" })
  }

  /// One valid spelling of the request.
  func spelled(_ random: inout SeededGenerator) -> [UInt8] {
    let path = "/" + segments.map(PercentCoding.encode).joined(separator: "/")
    let pairs = items.map { "\(PercentCoding.encode($0.name))=\(PercentCoding.encode($0.value))" }
    let query = pairs.isEmpty ? "" : "?" + pairs.joined(separator: "&")
    let origin = random.isOne(in: 4) ? "http://\(host)" : ""
    var lines = fields + [(name: "Host", value: origin.isEmpty ? host : "other")]
    switch framing {
    case .none: break
    case .length(let length): lines.append(("Content-Length", String(length)))
    case .chunked: lines.append(("Transfer-Encoding", random.pick(["chunked", "Chunked"])))
    }
    lines.shuffle(using: &random)
    var text = random.isOne(in: 6) ? "\r\n" : ""
    text += "\(method) \(origin)\(path)\(query) HTTP/1.\(minorVersion)\r\n"
    for (name, value) in lines {
      let spelling = random.pick([name, name.lowercased(), name.uppercased()])
      let blanks = (0..<2).map { _ in random.text(of: " \t", count: 0...2) }
      text += "\(spelling):\(blanks[0])\(value)\(blanks[1])\r\n"
    }
    return Array((text + "\r\n").utf8)
  }

  /// What a parsed head says differently; nil if it says the same.
  func difference(_ head: RequestHead) -> String? {
    if head.methodName != method { return "method \(head.methodName)" }
    if head.target.segments != segments { return "segments \(head.target.segments)" }
    let read = (try? head.target.queryItems()) ?? []
    guard read.map(\.name) == items.map(\.name), read.map(\.value) == items.map(\.value) else {
      return "items \(read)"
    }
    if head.framing != framing { return "framing \(head.framing)" }
    if head.minorVersion != minorVersion { return "version \(head.minorVersion)" }
    if head.host != host { return "host \(head.host ?? "-")" }
    for (name, _) in fields {
      let wanted = fields.filter { $0.name.lowercased() == name.lowercased() }.map(\.value)
      // The lines were shuffled, so only what they say together can be compared.
      let read = head.values(name.lowercased())
      guard read.sorted() == wanted.sorted() else { return "field \(name)" }
    }
    return nil
  }
}
