import FanfareActors
import FanfareRuntime

/// What becomes of a connection whose client follows channels.
extension Connection {
  func openStream(_ request: FollowRequest, _ cors: [HeaderField]) {
    arm(nil)
    state = .gone
    let site = site.get
    let record = record.get
    let subscriber = Subscriber(
      stream: stream, format: request.format, transport: .sse, fanout: site.hubLoop.fanout.get,
      owner: record)
    record.becomesStream(subscriber, request)
    var greeting = output
    output = []
    StreamHead.append(
      retry: site.retry(), cors: cors, date: site.date(), to: &greeting)
    if subscriber.begin(greeting: greeting) {
      // What the client sends on has no meaning here.
      stream.consume(stream.inputCount)
      subscriber.follow(request.follows, filter: request.filter)
    }
  }

  /// Ends an `EventSource` so that it comes back later: any status but 200 would end it for good.
  func turnAway(_ cors: [HeaderField]) {
    let site = site.get
    StreamHead.append(retry: site.retry(), cors: cors, date: site.date(), to: &output)
    SSEFormat(content: .event, isNamed: true).appendBye(
      site.isDraining ? .shutdown : .tooManyConnections, retry: site.retry(), to: &output)
    site.metrics.errors["sse", "turned-away"] += 1
    finish(then: .linger)
  }
}
