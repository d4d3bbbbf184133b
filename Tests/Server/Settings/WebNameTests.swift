import Testing

@testable import FanfareServer

@Suite struct WebNameTests {
  @Test(arguments: [
    "https://a.example", "http://localhost:3000", "http://127.0.0.1", "http://[::1]:8080",
    "http://[::1]", "https://xn--bcher-kva.example:8443", "chrome-extension://abc", "http://a:443",
    "https://a:80", "http://a:8080",
  ])
  func origins(text: String) {
    #expect(WebName.isOrigin(text))
  }

  @Test(arguments: [
    "", "*", "null", "a.example", "https://", "https://a.example/", "https://a.example/x",
    "https://A.example", "HTTPS://a.example", "https://a.example:443", "http://a.example:80",
    "https://a.example:", "https://a.example:0", "https://a.example:080", "https://a.example:65536",
    "https://u@a.example", "https://*.a.example", "https://a example", "https://[::1",
    "https://::1", "https://[0::1]", "https:/a.example", "://a", "1a://b", "https://a..b",
    "https://-a", "https://a-", "https://a.example?", "https://bücher.example", "https://1.2.3.256",
  ])
  func notOrigins(text: String) {
    #expect(!WebName.isOrigin(text))
  }

  @Test func hosts() {
    for text in ["a", "a.example", "127.0.0.1", "[::1]", "[::1]:80", "a.example:8443", "x_y"] {
      #expect(WebName.isAuthority(text), "\(text)")
    }
    for text in ["", ":80", "A", "a.example.", "::1", "a:0", "a:b", "*", "a/b", "[::1]x", "1.2.3"] {
      #expect(!WebName.isAuthority(text), "\(text)")
    }
    #expect(WebName.isHost(String(repeating: "a", count: 63)))
    #expect(!WebName.isHost(String(repeating: "a", count: 64)))
  }
}
