import FanfareRuntime
import FanfareServer
import Logging
import Testing

@testable import fanfare_bench

/// The short form of the proofs of scale; the long one is `make bench`.
@Suite struct ScaleTests {
  /// One follower that never reads, 300 that do: these are given everything, and nothing in the
  /// server grows with that one.
  @Test(.timeLimit(.minutes(10))) func aFollowerThatNeverReadsCostsNobodyAnything() async throws {
    var settings = Settings()
    settings.listen = try #require(ListenAddress("127.0.0.1:0"))
    settings.jobs.store = .off
    let server = try FanfareServer(
      settings, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    try await server.start()
    let port = try #require(server.address?.split(separator: ":").last.flatMap { UInt16($0) })
    let address = try SocketAddress.resolve(host: "127.0.0.1", port: port)
    // Large events, so that the buffers of one socket are soon full.
    let side = try await LoadSide(address: address, dataBytes: 10_000)
    try await side.stall()
    _ = try await side.connect(300)
    await side.loop.run {
      side.publisher.dataBytes = 200
      side.publisher.arrival = .all
    }
    #expect(await side.publish(1_000, window: 32, within: .seconds(30)) != nil)

    let (audit, refused, missing) = await side.loop.run {
      (
        side.crowd.audit(expecting: side.publisher.heads), side.publisher.refused,
        side.crowd.toldMissing
      )
    }
    #expect(audit.isFaultless, "\(audit)")
    #expect(refused == 0)
    #expect(missing == 0)
    let found = try await OpenConnection.first(from: LoadSide.stalledHost, side.client)
    let stalled = try #require(found, "a stalled follower was ended before its time")
    #expect(stalled.lag >= 1_000)
    #expect(await side.client.metric("fanfare_followers_behind") == 1)
    let events = settings.limits.mailboxEventsMax
    let depths = try #require(await side.client.metric("fanfare_mailbox_depth_count"))
    #expect(
      await side.client.metric(#"fanfare_mailbox_depth_bucket{le="\#(events).0"}"#) == depths)
    await side.stop()
    await server.stop()
  }
}
