import FanfareActors

/// What a loop asks of the core.
enum RedisRequest: Sendable {
  case publish([Draft], to: ChannelName, PublishKey?)
  case follow(ChannelName)
  case unfollow(ChannelName)
  case state(ChannelName)
  case read(ChannelName, from: UInt64, eventsMax: Int, bytesMax: Int)
}

/// Names one request of one loop.
struct RedisTicket: Sendable, Equatable {
  let loop: Int
  let number: UInt64
}

/// What the core answers.
enum RedisAnswer: Sendable {
  case positions([Position])
  case log(LogState)
  case page(HistoryPage)
  case failed(PublishError)
}

/// What the core hands to a loop, in order.
enum RedisDelivery: Sendable {
  case answer(RedisTicket, RedisAnswer)
  case events(ChannelName, [Event])
  case skipped(ChannelName, through: UInt64)
  case restarted(ChannelName, LogState)
}
