import FanfareRuntime

/// Opens connections to one Redis.
package protocol RedisConnector: Sendable {
  /// Begins to connect; the delegate is told how it went, later. On the loop.
  func connect(
    _ purpose: RedisPurpose, on loop: EventLoop, delegate: any RedisLinkDelegate
  ) -> any RedisLink
}
