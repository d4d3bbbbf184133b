import FanfareServer
import FanfareTestKit
import Foundation
import Testing

/// The load balancers of `Packaging/balancers`, as they stand there, before two nodes.
@Suite(
  .serialized,
  .enabled(if: ProxyProcess.Kind.allCases.allSatisfy(\.isInstalled), "no nginx or haproxy"))
struct LoadBalancerTests {
  private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "../../../Packaging/balancers").standardized

  private static func balancer(
    _ kind: ProxyProcess.Kind, before nodes: [ServerUnderTest]
  ) throws -> ProxyProcess {
    let file = folder.appending(path: kind == .nginx ? "nginx.conf" : "haproxy.cfg")
    let packaged = try String(contentsOf: file, encoding: .utf8)
    return try ProxyProcess(kind) { port, folder in
      var text = packaged
      for (from, to) in [
        ("127.0.0.1:8080", "127.0.0.1:\(port)"),
        ("127.0.0.1:8081", "127.0.0.1:\(nodes[0].port)"),
        ("127.0.0.1:8082", "127.0.0.1:\(nodes[1].port)"),
      ] {
        #expect(text.contains(from), "\(file.path) names \(from)")
        text = text.replacing(from, with: to)
      }
      guard kind == .nginx else { return text }
      // Where a test may write; and one process, which the test can end.
      let places = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map {
        "\($0)_temp_path \(folder)/\($0);"
      }
      return text.replacing(
        "pid /run/fanfare-nginx.pid;", with: "daemon off; master_process off; pid \(folder)/pid;"
      ).replacing("http {", with: "http {\n" + places.joined(separator: "\n"))
    }
  }

  /// Nothing sticks to a node: who followed one that stops resumes on the other.
  @Test(arguments: ProxyProcess.Kind.allCases, [false, true])
  func aStreamResumesOnTheOtherNode(kind: ProxyProcess.Kind, webSocket: Bool) async throws {
    let change: (inout Settings) -> Void = { $0.drainWindow = .milliseconds(200) }
    try await ClusterUnderTest.run(2, change) { cluster in
      let balancer = try Self.balancer(kind, before: cluster.nodes)
      defer { balancer.stop() }
      func publish(_ numbers: ClosedRange<Int>) throws {
        for number in numbers {
          let answer = try TestConnection(port: balancer.port).publish(
            ClusterUnderTest.path, "t", "\(number)", ["Idempotency-Key: k-\(number)"])
          #expect(answer.status == 201, "\(number): \(answer.text)")
        }
      }
      let follower = try FanfareProcess(
        ["follow", "c", "--format", "data"] + (webSocket ? ["--ws"] : []),
        server: "127.0.0.1:\(balancer.port)")
      _ = try await follower.errors.line(containing: "attached c live")
      try publish(1...5)
      _ = try await follower.output.line(containing: "5")

      let transport = webSocket ? "websocket" : "sse"
      let place = try cluster.nodes.firstIndex {
        try $0.metrics()[#"fanfare_connections{transport="\#(transport)"}"#] == 1
      }
      await cluster.nodes[try #require(place)].stop()
      try publish(6...10)
      _ = try await follower.errors.line(containing: "attached c resumed")
      try publish(11...11)
      _ = try await follower.output.line(containing: "11")
      #expect(follower.output.lines == ClusterUnderTest.texts(1...11))
      follower.signal(SIGTERM)
      #expect(try await follower.status() == 0)
    }
  }
}
