import Glibc

/// A value behind a lock, for the few places that several threads share.
///
/// `Synchronization.Mutex` would do, but the thread sanitizer cannot see its futex and reports
/// every use as a race; a suite that cries wolf proves nothing. A pthread mutex costs some 15 ns
/// more.
///
/// `@unchecked Sendable`: `value` is reached through ``withLock(_:)`` alone.
public final class Locked<Value>: @unchecked Sendable {
  private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  private var value: Value

  /// Puts `value` behind a lock of its own. The caller gives up its own reference.
  public init(_ value: Value) {
    self.value = value
    mutex = .allocate(capacity: 1)
    pthread_mutex_init(mutex, nil)
  }

  deinit {
    pthread_mutex_destroy(mutex)
    mutex.deallocate()
  }

  /// Runs `body` with the value while no other thread does. Not from within `body` again.
  public func withLock<Result>(_ body: (inout Value) throws -> Result) rethrows -> Result {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return try body(&value)
  }
}
