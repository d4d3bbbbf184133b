import FanfareRuntime

/// Opens connections to a Redis by hiredis.
package struct HiredisConnector: RedisConnector {
  /// Where, and as whom.
  package let url: RedisURL
  /// How long resolving, connecting and greeting may take together.
  package let connectTimeout: Duration
  /// How long Redis may be silent while something is to be answered. A link for the feed on which
  /// nothing has come for as long is asked for a sign of life.
  package let answerTimeout: Duration
  /// What `CLIENT LIST` shows, before `-commands` or `-feed`. Without spaces.
  package let name: String

  /// A connector to `url`.
  package init(
    url: RedisURL, connectTimeout: Duration = .seconds(5), answerTimeout: Duration = .seconds(5),
    name: String = "fanfare"
  ) {
    self.url = url
    self.connectTimeout = connectTimeout
    self.answerTimeout = answerTimeout
    self.name = name
  }

  package func connect(
    _ purpose: RedisPurpose, on loop: EventLoop, delegate: any RedisLinkDelegate
  ) -> any RedisLink {
    let link = HiredisLink(self, purpose, on: loop, delegate: delegate)
    link.begin()
    return link
  }
}
