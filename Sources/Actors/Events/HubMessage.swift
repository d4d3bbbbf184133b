import FanfareRuntime

/// What the loops of a hub say to one another. Messages of one loop to another arrive in the order
/// in which they were sent, one batch a turn; so a shard that hears `attached` has heard of no
/// event after that state, and hears of every one from then on.
enum HubMessage: Sendable {
  // To the home of a channel.
  case attach(ChannelName, loop: Int)
  case detach(ChannelName, loop: Int)
  /// Every follower on `loop` has been offered the events up to `through`.
  case flushed(ChannelName, loop: Int, through: UInt64)
  case inspect(ChannelName, loop: Int)
  case read(ChannelName, loop: Int, from: UInt64, events: Int)

  // From the home of a channel.
  case attached(ChannelName, LogState)
  case refused(ChannelName)
  case inspected(ChannelName, LogState)
  case events(ChannelName, [Event])
  /// The events up to `through` that were not told are lost.
  case skipped(ChannelName, through: UInt64)
  case restarted(ChannelName, LogState)
  case page(ChannelName, asked: UInt64, HistoryPage)
  /// What the backplane says of itself, behind all that it has brought to `home`.
  case health(BackplaneHealth, home: Int)
}
