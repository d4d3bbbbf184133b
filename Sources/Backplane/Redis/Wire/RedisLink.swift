/// One connection to Redis. It never reconnects: whoever opened it opens another.
///
/// Loop-confined. What is sent before the link has opened waits until it has. The bytes that wait
/// are bounded by the caller, not here.
package protocol RedisLink: AnyObject {
  /// Sends a command behind those before it, on a link for `.commands`.
  ///
  /// - Parameter reply: called once, in the order of sending, never before `send` has returned;
  ///   with a failure where the connection ended first, or has ended already.
  func send(
    _ command: [[UInt8]], reply: @escaping (Result<RedisValue, RedisLost>) -> Void)
  /// Subscribes to all of `channels` by one command, on a link for `.feed`.
  func subscribe(_ channels: [[UInt8]])
  /// Unsubscribes from all of `channels` by one command, on a link for `.feed`.
  func unsubscribe(_ channels: [[UInt8]])
  /// Ends it at once: pending replies fail before this returns, the delegate hears nothing more.
  func close()
}
