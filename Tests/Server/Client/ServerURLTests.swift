import Testing

@testable import FanfareServer

struct ServerURLTests {
  @Test(arguments: [
    ("http://127.0.0.1:8080", "http://127.0.0.1:8080", "127.0.0.1", 8080, ""),
    ("HTTP://Example.COM/", "http://example.com", "example.com", 80, ""),
    ("http://localhost:1/a/b//", "http://localhost:1/a/b", "127.0.0.1", 1, "/a/b"),
    ("http://[::1]:9/x", "http://[::1]:9/x", "::1", 9, "/x"),
  ])
  func readsAddressesOfPlainHTTP(
    text: String, canonical: String, lookup: String, port: UInt16, path: String
  ) throws {
    let url = try ServerURL(text)
    #expect(url.description == canonical)
    #expect(url.lookupHost == lookup)
    #expect(url.port == port)
    #expect(url.path == path)
  }

  @Test(arguments: [
    "", "127.0.0.1:8080", "ftp://a", "http://", "http://:80", "http://a:0", "http://a:65536",
    "http://user@a", "http://a/b?c", "http://a/b#c", "http://a/ b", "http://a b", "http://a/\r\nX",
  ])
  func refusesWhatIsNone(text: String) {
    #expect(throws: ClientError.self) { try ServerURL(text) }
  }

  @Test func saysThatHTTPSIsNotThere() throws {
    let error = #expect(throws: ClientError.self) { try ServerURL("https://example.com") }
    #expect(error?.description.contains("https is not in this version") == true)
    #expect(error?.description.contains("\n") == false)
  }
}
