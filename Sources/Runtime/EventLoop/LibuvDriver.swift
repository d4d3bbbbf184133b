import CLibuv
import Glibc

/// The libuv side of one loop: when it sleeps, how it is woken, how it ends.
///
/// The handles live from ``init()`` to the close callbacks of ``close(_:)``; their `data` is the
/// loop, unretained, because the thread that runs the loop holds it until ``run(_:)`` returns.
final class LibuvDriver {
  let loop: UnsafeMutablePointer<uv_loop_t>
  private let prepare: UnsafeMutablePointer<uv_prepare_t>
  private let check: UnsafeMutablePointer<uv_check_t>
  private let idle: UnsafeMutablePointer<uv_idle_t>
  private let timer: UnsafeMutablePointer<uv_timer_t>
  private let wakePoll: UnsafeMutablePointer<uv_poll_t>
  private let socketsPoll: UnsafeMutablePointer<uv_poll_t>
  /// The loop's connections.
  let sockets: SocketPoller
  /// libuv 1.44's `uv_async_send` makes the receiver spin; an eventfd wakes four times quicker.
  private let wakeDescriptor: Int32
  /// Whether ``close(_:)`` has been called: a handle made from now on would never be closed.
  private(set) var isClosing = false

  init() throws(RuntimeError) {
    loop = .allocate(capacity: 1)
    prepare = .allocate(capacity: 1)
    check = .allocate(capacity: 1)
    idle = .allocate(capacity: 1)
    timer = .allocate(capacity: 1)
    wakePoll = .allocate(capacity: 1)
    socketsPoll = .allocate(capacity: 1)
    sockets = try SocketPoller()
    let code = uv_loop_init(loop)
    guard code == 0 else { throw RuntimeError(operation: "uv_loop_init", code: code) }
    wakeDescriptor = fanfare_eventfd()
    guard wakeDescriptor >= 0 else {
      throw RuntimeError(operation: "eventfd", code: -errno)
    }
    uv_prepare_init(loop, prepare)
    uv_check_init(loop, check)
    uv_idle_init(loop, idle)
    uv_timer_init(loop, timer)
    let polled = uv_poll_init(loop, wakePoll, wakeDescriptor)
    guard polled == 0 else { throw RuntimeError(operation: "uv_poll_init", code: polled) }
    let pollsSockets = uv_poll_init(loop, socketsPoll, sockets.descriptor)
    guard pollsSockets == 0 else {
      throw RuntimeError(operation: "uv_poll_init", code: pollsSockets)
    }
  }

  deinit {
    // Not before: a thread that was told to wake this loop may still be about to write.
    Glibc.close(wakeDescriptor)
    prepare.deallocate()
    check.deallocate()
    idle.deallocate()
    timer.deallocate()
    wakePoll.deallocate()
    socketsPoll.deallocate()
    loop.deallocate()
  }

  /// Runs the loop on the calling thread until ``close(_:)`` has been called on it.
  func run(_ owner: EventLoop) {
    let context = Unmanaged.passUnretained(owner).toOpaque()
    prepare.pointee.data = context
    check.pointee.data = context
    owner.claimThread()
    uv_prepare_start(prepare) { handle in
      guard let loop = LibuvDriver.owner(handle?.pointee.data) else { return }
      LibuvDriver.turn(loop)
    }
    uv_check_start(check) { handle in
      LibuvDriver.owner(handle?.pointee.data)?.turnBegins()
    }
    uv_poll_start(wakePoll, Int32(UV_READABLE.rawValue)) { handle, _, _ in
      guard let handle else { return }
      var descriptor: uv_os_fd_t = 0
      uv_fileno(UnsafeRawPointer(handle).assumingMemoryBound(to: uv_handle_t.self), &descriptor)
      var count: UInt64 = 0
      _ = read(descriptor, &count, 8)
    }
    socketsPoll.pointee.data = context
    uv_poll_start(socketsPoll, Int32(UV_READABLE.rawValue)) { handle, _, _ in
      guard let loop = LibuvDriver.owner(handle?.pointee.data),
        case .libuv(let driver) = loop.driver
      else { return }
      loop.turnBegins()
      driver.sockets.tellReady()
    }
    uv_run(loop, UV_RUN_DEFAULT)
    owner.finish()
    uv_loop_close(loop)
  }

  /// Ends the wait of the loop. Any thread: a write to an eventfd needs no lock.
  func wake() {
    var one: UInt64 = 1
    _ = write(wakeDescriptor, &one, 8)
  }

  /// Closes every resource and handle of the loop; ``run(_:)`` returns when all are closed.
  func close(_ owner: EventLoop) {
    guard !isClosing else { return }
    isClosing = true
    for resource in owner.open.values { resource.closeResource() }
    sockets.closeAll()
    Self.close(prepare)
    Self.close(check)
    Self.close(idle)
    Self.close(timer)
    Self.close(wakePoll)
    Self.close(socketsPoll)
  }

  private static func close<Handle>(_ handle: UnsafeMutablePointer<Handle>) {
    uv_close(UnsafeMutableRawPointer(handle).assumingMemoryBound(to: uv_handle_t.self), nil)
  }

  private static func owner(_ data: UnsafeMutableRawPointer?) -> EventLoop? {
    data.map { Unmanaged<EventLoop>.fromOpaque($0).takeUnretainedValue() }
  }

  private static func turn(_ owner: EventLoop) {
    guard case .libuv(let driver) = owner.driver else { return }
    let unfinished = owner.turn()
    guard !driver.isClosing else { return }
    if unfinished || !owner.fallAsleep() {
      uv_idle_start(driver.idle) { _ in }
      return
    }
    uv_idle_stop(driver.idle)
    guard let deadline = owner.nextDeadline else {
      uv_timer_stop(driver.timer)
      return
    }
    uv_update_time(driver.loop)
    let now = uv_hrtime()
    let wait = deadline.nanoseconds > now ? deadline.nanoseconds - now : 0
    // Rounded up: a timer that fires a moment early would find nothing due and spin.
    uv_timer_start(driver.timer, { _ in }, wait / 1_000_000 + 1, 0)
  }
}
