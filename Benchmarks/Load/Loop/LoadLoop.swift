import CEpoll
import Foundation
import Synchronization

/// Who hears of the sockets of a ``LoadLoop``.
protocol LoadHandler: AnyObject {
  /// A socket that was watched with `token` is ready for `events` (`EPOLLIN`, …).
  func ready(_ token: UInt32, _ events: UInt32)
}

/// The load side's own loop: one thread, one epoll, one receive buffer for all sockets. It is not
/// the server's loop because it may do what that must not: hand out raw bytes where they lie.
///
/// `@unchecked Sendable`: the inbox synchronises itself; all else belongs to the loop's thread.
final class LoadLoop: @unchecked Sendable {
  static let receiveBytes = 512 * 1024
  private static let eventsMax = 512
  /// What a look at sockets that have nothing takes at most; beyond it another process had the
  /// core.
  private static let spinNanosecondsMax: UInt64 = 2_000
  private static let wakeToken = UInt64.max

  /// Received bytes lie here until the handler returns.
  let receiveBuffer = UnsafeMutablePointer<UInt8>.allocate(capacity: LoadLoop.receiveBytes)
  private let poll: Int32
  private let wakeDescriptor: Int32
  private let inbox = Mutex<[@Sendable () -> Void]>([])
  private var handlers: [any LoadHandler] = []
  private var isStopping = false
  /// Whether the loop asks again and again instead of sleeping: a server then pays for no wake-up
  /// of the load side, which would cost a slow one more than a fast one.
  var spins = false
  /// The time in which there was nothing to do while it spun.
  private(set) var idleNanoseconds: UInt64 = 0

  init() throws(LoadError) {
    poll = load_epoll()
    wakeDescriptor = load_eventfd()
    guard poll >= 0, wakeDescriptor >= 0 else { throw LoadError("epoll: error \(errno)") }
    watch(wakeDescriptor, .add, for: EPOLLIN.rawValue, token: Self.wakeToken)
    let thread = Thread { [self] in
      while !isStopping { turn() }
      close(poll)
      close(wakeDescriptor)
    }
    thread.name = "load"
    thread.start()
  }

  deinit { receiveBuffer.deallocate() }

  /// CLOCK_MONOTONIC.
  static var now: UInt64 { load_nanoseconds(CLOCK_MONOTONIC) }

  // MARK: From outside

  /// Runs `body` on the loop and returns what it returned.
  func run<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value {
    await withCheckedContinuation { continuation in
      inbox.withLock { $0.append { continuation.resume(returning: body()) } }
      var one: UInt64 = 1
      _ = write(wakeDescriptor, &one, 8)
    }
  }

  /// Ends the thread. Sockets are their handlers' to close.
  func stop() async {
    await run { [self] in
      isStopping = true
      handlers = []
    }
  }

  // MARK: On the loop

  enum Watch {
    case add
    case change
  }

  /// Registers a handler. Returns what makes a whole token of its own ones.
  func register(_ handler: any LoadHandler) -> UInt64 {
    handlers.append(handler)
    return UInt64(handlers.count - 1) << 32
  }

  func watch(_ descriptor: Int32, _ watch: Watch, for events: UInt32, token: UInt64) {
    let operation = watch == .add ? EPOLL_CTL_ADD : EPOLL_CTL_MOD
    _ = load_watch(poll, operation, descriptor, events, token)
  }

  private func turn() {
    withUnsafeTemporaryAllocation(of: epoll_event.self, capacity: Self.eventsMax) { events in
      let start = spins ? Self.now : 0
      let count = Int(
        epoll_wait(poll, events.baseAddress, Int32(Self.eventsMax), spins ? 0 : -1))
      if spins, count == 0 { idleNanoseconds += min(Self.now - start, Self.spinNanosecondsMax) }
      var isAwake = false
      for index in 0..<max(0, count) {
        let event = events.baseAddress.unsafelyUnwrapped + index
        let token = load_token(event)
        if token == Self.wakeToken {
          isAwake = true
        } else if handlers.indices.contains(Int(token >> 32)) {
          let member = UInt32(truncatingIfNeeded: token)
          handlers[Int(token >> 32)].ready(member, load_events(event))
        }
      }
      if isAwake { takeInbox() }
    }
  }

  private func takeInbox() {
    var count: UInt64 = 0
    _ = read(wakeDescriptor, &count, 8)
    let messages = inbox.withLock { messages in
      defer { messages = [] }
      return messages
    }
    for message in messages { message() }
  }
}

/// Why the load side cannot go on.
struct LoadError: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}
