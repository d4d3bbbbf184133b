import Testing

@testable import FanfareServer

@Suite struct ContentTypeTests {
  @Test(arguments: [
    ("application/json", "application/json", ""),
    ("Application/JSON ; charset=UTF-8", "application/json", "charset=UTF-8"),
    ("application/json;charset=\"utf-8\"", "application/json", "charset=utf-8"),
    ("a/b;C=\"d;\\\"e, f\" ;g=h", "a/b", "c=d;\"e, f|g=h"), ("a/b;;c=d; ", "a/b", "c=d"),
    ("text/plain; application/json=1", "", ""), ("*/*", "*/*", ""),
  ])
  func reads(text: String, essence: String, parameters: String) {
    let type = ContentType(text)
    #expect((type?.essence ?? "") == essence)
    let joined = type?.parameters.map { "\($0.name)=\($0.value)" }.joined(separator: "|")
    #expect((joined ?? "") == parameters)
  }

  @Test(arguments: [
    "", "application", "application/", "/json", "application /json", "application/json x",
    "application/json, text/plain", "a/b;c", "a/b;c=", "a/b;c =d", "a/b;c=\"d", "a/b;c=\"d\\",
    "a/b;=d", "a/b;c=d e",
  ])
  func refuses(text: String) {
    #expect(ContentType(text) == nil)
  }

  @Test func judgesTheBodyOfARequest() {
    func type(_ fields: String...) -> ContentType? {
      let bytes = HeadText.bytes(["POST / HTTP/1.1", "Host: a"] + fields)
      guard case .head(let head, _) = HeadText.parse(bytes) else { return nil }
      return ContentType(of: head)
    }
    #expect(type("Content-Type: application/json;charset=utf-8")?.isJSON == true)
    #expect(type("Content-Type: APPLICATION/x-ndjson")?.isNDJSON == true)
    #expect(type("Content-Type: application/x-ndjson")?.isJSON == false)
    #expect(type("Content-Type: text/plain;x=application/json") == nil)
    #expect(type("Content-Type: text/plain")?.isJSON == false)
    #expect(type() == nil)
    #expect(type("Content-Type: text/plain", "Content-Type: application/json") == nil)
  }
}
