/// A value that only one loop touches, in a box that anyone may carry.
///
/// This is how an actor pinned to a loop and the synchronous event path of that loop share state
/// without a lock, a copy or an `await`: every look into the box checks the thread, in release too.
public struct LoopConfined<Value>: @unchecked Sendable {
  // Invariant: `value` is reached through `get()` alone, which traps off the loop.
  private let value: Value
  /// The loop that the value belongs to.
  public let loop: EventLoop

  /// Confines `value` to `loop`. The caller gives up its own reference.
  public init(_ value: Value, to loop: EventLoop) {
    self.value = value
    self.loop = loop
  }

  /// The value, on its loop; traps elsewhere.
  public var get: Value {
    loop.preconditionOnLoop()
    return value
  }
}
