import FanfareRuntime
import Glibc

@testable import FanfareServer

/// Times the steps of the event path and counts their allocations. The exit code is 1 when a
/// delivery allocates.
@main
struct FanfareMicro {
  /// What a subscriber's timer allocates now and then is not a delivery's.
  private static let deliveryAllocationsMax = 0.001

  static func main() async throws {
    _ = ProcessStatistics.raiseDescriptorLimit()
    guard let path = EventPath() else { exit(2) }
    let measurements = path.measure()
    say("\n" + Measurement.header)
    for measurement in measurements { say(measurement.row) }
    var failed = false
    var lines = measurements.map(\.json)
    for deliveries in [
      Deliveries(transport: "SSE", format: SSEFormat(content: .data, isNamed: true)),
      Deliveries(transport: "WebSocket", format: WebSocketFormat(content: .event, deflate: nil)),
    ] {
      let figures = try await deliveries.measure()
      let perEvent = Measurement.text(figures.perEvent)
      let perDelivery = Measurement.text(max(0, figures.perDelivery))
      say("\(deliveries.transport): \(perEvent) allocations an event, \(perDelivery) a delivery\n")
      lines.append(
        #"{"benchmark":"\#(deliveries.transport) deliveries","per_event":\#(perEvent),"#
          + #""per_delivery":\#(perDelivery)}"#)
      if figures.perDelivery > deliveryAllocationsMax {
        say("FAILED: a delivery is to allocate nothing\n")
        failed = true
      }
    }
    for line in lines { say(line + "\n") }
    exit(failed ? 1 : 0)
  }

  private static func say(_ text: String) { StandardError.writeOutput(Array(text.utf8)) }
}
