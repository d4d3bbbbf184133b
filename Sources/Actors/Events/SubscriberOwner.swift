/// Who stands behind a subscriber: is told of its end, and speaks for the client where that sends
/// messages of its own. Every call comes on the subscriber's loop.
public protocol SubscriberOwner: AnyObject {
  /// The connection is closed and has left every channel. Called once.
  func subscriberEnded(_ subscriber: Subscriber, _ reason: EndReason)

  /// The client has sent something.
  func subscriberHasInput(_ subscriber: Subscriber)

  /// All that waited for the socket is sent.
  func subscriberIsDrained(_ subscriber: Subscriber)

  /// The channel of the attachment that the client calls `id` cannot be followed.
  func subscriber(
    _ subscriber: Subscriber, isRefused channel: ChannelName, id: [UInt8], _ reason: EndReason)
}
