import FanfareTestKit
import Testing

@testable import FanfareBackplane
@testable import FanfareServer

/// What operators read of a node's Redis.
@Suite struct RedisLogTests {
  @Test func aFloodIsCountedAndNotWritten() async throws {
    let captured = CapturedLog()
    let log = RedisLog(captured.logger)
    for _ in 0..<10_000 { log.observed(.refused("OOM")) }
    #expect(log.counted.refused == 10_000)
    // A second may begin meanwhile, on a slow machine several.
    #expect(captured.lines.count < 1_000)
    #expect(captured.lines.first == "warning redis refused a publish reason=OOM")
    // The first line of a later second says how many were not written.
    let isTold = await Deadline().holds {
      log.observed(.refused("OOM"))
      return captured.lines.contains { $0.contains("withheld_before=") }
    }
    #expect(isTold)
  }

  @Test func oneReasonIsSaidOnce() {
    let captured = CapturedLog()
    let log = RedisLog(captured.logger)
    for _ in 0..<10 {
      log.observed(.lost(.commands, RedisLost("refused"), retry: .seconds(1)))
      log.observed(.lost(.feed, RedisLost("refused"), retry: .seconds(1)))
    }
    #expect(captured.lines.filter { $0.hasPrefix("warning redis is away") }.count == 1)
    log.observed(.connected(.feed))
    log.observed(.joined(generation: "abcde", isDurable: true, isRaised: false))
    log.observed(.lost(.feed, RedisLost("refused"), retry: .seconds(1)))
    #expect(captured.lines.filter { $0.hasPrefix("warning redis is away") }.count == 2)
  }
}
