/// Who hears of a ``HiredisConnection``. Every call comes on its loop, from outside hiredis.
protocol HiredisConnectionOwner: AnyObject {
  /// The socket is connected.
  func connected()
  /// Bytes have come, and with them these whole replies and messages, which may be none.
  func received(_ values: [RedisValue])
  /// It has ended by itself: told once and last.
  func ended(_ reason: String)
}
