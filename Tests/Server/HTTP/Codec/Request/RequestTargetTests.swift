import FanfareRuntime
import FanfareTestKit
import Testing

@testable import FanfareServer

@Suite struct RequestTargetTests {
  private func target(_ text: String, method: HTTPMethod = .get) throws -> RequestTarget {
    try RequestTarget(Array(text.utf8)[...], method: method)
  }

  @Test func splitsBeforeDecoding() throws {
    #expect(try target("/").segments == [])
    #expect(try target("/a").segments == ["a"])
    #expect(try target("/a/").segments == ["a", ""])
    #expect(try target("//a").segments == ["", "a"])
    #expect(try target("/a%2Fb/c%2f..").segments == ["a/b", "c/.."])
    #expect(try target("/%e2%82%AC/...").segments == ["\u{20ac}", "..."])
    #expect(try target("/a+b").segments == ["a+b"])
    #expect(try target("/-._~!$&'()*+,;=:@").segments == ["-._~!$&'()*+,;=:@"])
  }

  @Test func keepsPathAndQueryAsSent() throws {
    let plain = try target("/a%2fb?x=%20&y?/z")
    #expect(plain.path == "/a%2fb" && plain.query == "x=%20&y?/z" && plain.authority == nil)
    #expect(try target("/a").query == nil)
    #expect(try target("/a?").query == "")
  }

  @Test func readsAnAbsoluteURL() throws {
    let url = try target("HTTP://Other.Example:81/a?b")
    #expect(url.authority == HostAuthority("other.example:81"))
    #expect(url.path == "/a" && url.query == "b" && url.segments == ["a"])
    let bare = try target("https://[::1]")
    #expect(bare.path == "/" && bare.segments == [] && bare.authority?.host == "[::1]")
    let query = try target("http://a?b")
    #expect(query.path == "/" && query.query == "b")
    let head = HeadText.head("GET http://b/ HTTP/1.1", "Host: a")
    #expect(head?.host == "b" && head?.first("host") == "a")
  }

  @Test func readsTheAsterisk() throws {
    let server = try target("*", method: .options)
    #expect(server.isAsterisk && server.segments == [] && server.query == nil)
    #expect(throws: RefusalReason.targetFormRefused) { try target("*") }
  }

  @Test func decodesQueryItems() throws {
    func items(_ query: String) throws -> [String] {
      try target("/?\(query)").queryItems().map { "\($0.name)=\($0.value)" }
    }
    #expect(try target("/").queryItems().isEmpty)
    #expect(try items("") == [])
    #expect(try items("a=1&b=2&a=3") == ["a=1", "b=2", "a=3"])
    #expect(try items("&&a&&=b&c==d&") == ["a=", "=b", "c==d"])
    #expect(try items("a+b=c+d%2B%26%3D") == ["a b=c d+&="])
    #expect(try items("t=agent_*,issue_*;x") == ["t=agent_*,issue_*;x"])
    #expect(try items("%e2%82%ac=%F0%9F%98%80") == ["\u{20ac}=\u{1f600}"])
    for bad in ["a=%ff", "%c3=a", "a=%00", "a=1&b=%c3&%a9"] {
      #expect(throws: RequestRefusal(.targetText)) { try items(bad) }
    }
  }

  @Test func encodesWhatItDecodes() throws {
    var random = SeededGenerator(seed: 7)
    for _ in 0..<300 {
      let text = random.text(of: "aZ09-._~/?#%&=+ \t\u{20ac}\u{1f600}\r\n\"", count: 0...12)
      let encoded = PercentCoding.encode(text)
      #expect(try target("/x\(encoded)").segments == ["x" + text])
      #expect(try target("/?x\(encoded)=y\(encoded)").queryItems().map(\.value) == ["y" + text])
    }
  }
}
