import FanfareRuntime

/// Where one follower of a shard stands, and what it takes to send to it.
///
/// The lanes of a shard lie side by side in the order of its followers, so a pass over thousands of
/// them reads memory in one direction and looks at no other object: that is a tenth of what a
/// delivery costs, where each follower's objects have to be brought near instead.
struct Lane {
  /// The offset of the next event to deliver.
  var next: UInt64 = 0
  /// When a pass last sent to it.
  var sentAt = MonotonicInstant(nanoseconds: 0)
  /// Where to send while one slice of the ring is all that is needed: one channel, no filter,
  /// nothing pending, the kernel not full, the verdict told. ``SocketHandle/none`` otherwise.
  var socket = SocketHandle.none
  let format: Int16
  let transport: UInt8
  /// Whether it has once read all there was. The policies other than `catch-up` begin then: what a
  /// verdict promised is delivered first.
  var hasCaughtUp = false

  init(_ subscriber: Subscriber) {
    format = subscriber.formatIdentity
    transport = UInt8(subscriber.transport.rawValue)
  }
}
