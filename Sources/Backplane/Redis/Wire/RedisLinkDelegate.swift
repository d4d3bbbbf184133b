/// Who hears of a connection to Redis. Every call comes on the link's loop, none from within
/// ``RedisConnector/connect(_:on:delegate:)``. The link holds its delegate until
/// it has ended or is closed.
package protocol RedisLinkDelegate: AnyObject {
  /// It is connected, and authentication, database and name have been answered.
  func linkOpened(_ link: any RedisLink)
  /// It has ended: told once and last, after all pending replies have failed; also where it never
  /// opened. Not told after ``RedisLink/close()``.
  func link(_ link: any RedisLink, ended reason: RedisLost)
  /// Redis has confirmed the subscription to `channel`.
  func link(_ link: any RedisLink, subscribed channel: [UInt8])
  /// A message published on a channel that the link has subscribed to.
  func link(_ link: any RedisLink, received message: [UInt8], on channel: [UInt8])
}
