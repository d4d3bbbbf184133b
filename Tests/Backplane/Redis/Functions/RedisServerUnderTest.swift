import FanfareBackplane
import FanfareTestKit

/// A real server and two plain connections to it.
final class RedisServerUnderTest: RedisUnderTest {
  let server: RedisServer
  private let probe: RedisProbe
  private let feed: RedisProbe

  init(_ server: RedisServer) throws {
    self.server = server
    probe = try server.probe()
    feed = try server.probe()
  }

  func run(_ command: [[UInt8]]) throws -> RedisValue { try probe.run(command) }

  func wait(milliseconds: Int64) throws {
    let end = try time() + milliseconds
    let deadline = Deadline()
    while try time() < end {
      if deadline.hasPassed { throw ClientFailure.timedOut("the clock of Redis") }
    }
  }

  func subscribe(_ channel: [UInt8]) throws {
    try feed.run([Array("SUBSCRIBE".utf8), channel])
  }

  func nextMessage() throws -> (channel: [UInt8], payload: [UInt8]) {
    let parts = try feed.next().elements
    guard parts.count == 3, parts[0].text == "message", case .bytes(let channel) = parts[1],
      case .bytes(let payload) = parts[2]
    else { throw ClientFailure.malformed("a message") }
    return (channel, payload)
  }
}
