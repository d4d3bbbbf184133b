import FanfareBackplane
import FanfareRuntime

/// Connects a node to a ``RedisModel``.
package struct RedisModelConnector: RedisConnector {
  private let model: RedisModel
  private let answerTimeout: Duration

  /// - Parameter answerTimeout: how long a command, or the greeting, may stay unanswered before the
  ///   link ends.
  package init(model: RedisModel, answerTimeout: Duration = .seconds(5)) {
    self.model = model
    self.answerTimeout = answerTimeout
  }

  package func connect(
    _ purpose: RedisPurpose, on loop: EventLoop, delegate: any RedisLinkDelegate
  ) -> any RedisLink {
    RedisModelLink(
      to: model, purpose, on: loop, answerTimeout: answerTimeout, delegate: delegate)
  }
}
