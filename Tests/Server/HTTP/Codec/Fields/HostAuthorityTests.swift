import Testing

@testable import FanfareServer

@Suite struct HostAuthorityTests {
  @Test(arguments: [
    ("a", "a", nil), ("Fan.Example", "fan.example", nil), ("a:80", "a", 80), ("a:", "a", nil),
    ("127.0.0.1:8080", "127.0.0.1", 8080), ("a:65535", "a", 65_535), ("a:00080", "a", 80),
    ("[::1]", "[::1]", nil), ("[::]:1", "[::]", 1), ("[1:2:3:4:5:6:7:8]", "[1:2:3:4:5:6:7:8]", nil),
    ("[1::]", "[1::]", nil), ("[::FFFF:1.2.3.4]:0", "[::ffff:1.2.3.4]", 0),
    ("[1:2:3:4:5:6:7::]", "[1:2:3:4:5:6:7::]", nil), ("a_b-c.d~e", "a_b-c.d~e", nil),
    ("a%2d", "a%2d", nil),
  ])
  func reads(text: String, host: String, port: Int?) {
    let authority = HostAuthority(text)
    #expect(authority?.host == host)
    #expect(authority?.port == port)
  }

  @Test(arguments: [
    "", ":80", "a b", "a,b", "u@a", "a:b", "a:65536", "a:123456", "a:+1", "a:80:81", "a/", "a?b",
    "a#b", "a%", "a%zz", "a\\b", "<a>", "\u{e9}", "[", "[]", "[::1", "::1", "[::1]x", "[::1]a:80",
    "[1:2:3:4:5:6:7]", "[1:2:3:4:5:6:7:8:9]", "[1::2::3]", "[:::]", "[:1::2]", "[1:2:]",
    "[12345::]", "[g::]", "[::1.2.3]", "[::1.2.3.256]", "[1.2.3.4::]", "[v1.a]", "[fe80::1%25eth0]",
    "[1:2:3:4:5:6:7:1.2.3.4]", "[1:2:3:4:5:6:7:8::]",
    "[1::2:3:4:5:6:7:8]", "[1:2:3:4:5:6:7:8:]", "[1::2:]",
  ])
  func refuses(text: String) {
    #expect(HostAuthority(text) == nil)
  }

  @Test func writesItselfInLowerCase() {
    #expect(HostAuthority("A:080")?.description == "a:80")
    #expect(HostAuthority("A:")?.description == "a")
  }
}
