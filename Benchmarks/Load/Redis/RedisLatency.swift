import FanfareRuntime

/// From a publish on one node to a follower on another, beside a bare `PUBLISH` and `SUBSCRIBE` over
/// the same Redis: at the same rate, measured by the same loop from when each was due.
struct RedisLatency {
  struct Pair {
    let nodes: LatencyHistogram
    let bare: LatencyHistogram
  }

  let redis: RedisProcess
  let server: ServerOptions
  let rate: Int
  let dataBytes: Int
  let measured: Duration

  /// Which of the two goes first changes from pair to pair. Returns also what was wrong with the
  /// events.
  func pairs(_ count: Int) async throws -> (pairs: [Pair], audit: SequenceAudit, faults: [String]) {
    var options = server
    options.serverArguments += " --set backplane=redis redis.url=\(redis.url)"
    let publishing = try ServerProcess.start(options)
    let result: Result<([Pair], SequenceAudit, [String]), any Error>
    do {
      result = .success(
        try await LoadSide.with(
          options, dataBytes: dataBytes, publishingTo: publishing.address
        ) { side, _ in
          try await publishing.becomeReady(
            HTTPClient(address: publishing.address, loop: side.client.loop))
          _ = try await side.connect(1)
          var pairs: [Pair] = []
          for index in 0..<count {
            if index % 2 == 0 {
              let nodes = try await nodes(side)
              pairs.append(Pair(nodes: nodes, bare: try await bare(side)))
            } else {
              let bare = try await bare(side)
              pairs.append(Pair(nodes: try await nodes(side), bare: bare))
            }
          }
          let end = await side.close()
          return (pairs, end.audit, end.faults)
        })
    } catch {
      result = .failure(error)
    }
    await publishing.stop()
    return try result.get()
  }

  private func nodes(_ side: LoadSide) async throws -> LatencyHistogram {
    await side.loop.run { [rate] in side.publisher.publish(perSecond: rate) }
    try await Task.sleep(for: .milliseconds(300))
    await side.loop.run { side.crowd.latency = LatencyHistogram() }
    try await Task.sleep(for: measured)
    let latency = await side.loop.run { side.crowd.latency }
    guard await side.settle(within: .seconds(5)) else {
      throw LoadError("not all events arrived within 5 s")
    }
    return latency
  }

  private func bare(_ side: LoadSide) async throws -> LatencyHistogram {
    let bare = BareRoundTrip(side.loop, port: redis.port, payloadBytes: dataBytes)
    await side.loop.run { [rate] in bare.begin(perSecond: rate) }
    try await Task.sleep(for: .milliseconds(300))
    await side.loop.run { bare.latency = LatencyHistogram() }
    try await Task.sleep(for: measured)
    let (latency, failure) = await side.loop.run {
      bare.end()
      return (bare.latency, bare.failure)
    }
    if let failure { throw LoadError(failure) }
    return latency
  }
}
