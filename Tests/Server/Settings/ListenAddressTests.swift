import Testing

@testable import FanfareServer

@Suite struct ListenAddressTests {
  @Test(arguments: [
    ("127.0.0.1:8080", "127.0.0.1", 8080), ("[::1]:0", "::1", 0),
    ("localhost:65535", "localhost", 65_535),
    ("0.0.0.0:1", "0.0.0.0", 1), ("[2001:DB8:0:0::1]:80", "2001:db8::1", 80),
  ])
  func listenAddresses(text: String, host: String, port: Int) {
    let address = ListenAddress(text)
    #expect(address == ListenAddress(host: host, port: port))
    #expect(address.flatMap { ListenAddress($0.description) } == address)
  }

  @Test(arguments: [
    "", ":", ":8080", "*:8080", "8080", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536",
    "127.0.0.1:-1", "127.0.0.1:+1", "127.1:80", "127.0.0.01:80", "256.0.0.1:80", "::1:80", "[::1]",
    "[::1]80", "[127.0.0.1]:80", "[::1:80", "example.com:80", "LOCALHOST:80", "localhost :80",
    "[fe80::1%eth0]:80", "http://localhost:80", "localhost:80/",
  ])
  func notListenAddresses(text: String) {
    #expect(ListenAddress(text) == nil)
  }

  @Test func loopback() {
    for text in [
      "127.0.0.1:1", "127.1.2.3:1", "[::1]:1", "[0:0::0:1]:1", "localhost:1",
      "[::ffff:127.0.0.1]:1",
    ] {
      #expect(ListenAddress(text)?.isLoopback == true, "\(text)")
    }
    for text in [
      "0.0.0.0:1", "128.0.0.1:1", "[::]:1", "[::2]:1", "[::ffff:10.0.0.1]:1",
      "[1::1]:1", "[::7f00:1]:1",
    ] {
      #expect(ListenAddress(text)?.isLoopback == false, "\(text)")
    }
    #expect(ListenAddress(host: "localhost", port: 1).bindHost == "127.0.0.1")
    #expect(ListenAddress(host: "::1", port: 1).bindHost == "::1")
  }
}
