import CLibuv
import Glibc

/// A listening socket of one loop. Each loop has its own on the same port (`SO_REUSEPORT`), and the
/// kernel spreads the connections.
///
/// `@unchecked Sendable`: made on the starting thread, then used on its loop alone.
public final class Listener: LoopResource, TimerTarget, @unchecked Sendable {
  /// The connections accepted in one go, before others of the loop have their turn.
  private static let acceptsPerTurnMax = 128
  /// The pause after the process or the system has run out of descriptors.
  private static let exhaustionPause = Duration.milliseconds(100)

  private let loop: EventLoop
  private var descriptor: Int32
  private var poll: UnsafeMutablePointer<uv_poll_t>?
  private let accepted: (Stream) -> Void
  private let failed: (RuntimeError) -> Void
  private var pauseTimer = TimerToken.none

  /// Finds out whether `address` is free. `SO_REUSEPORT` alone would let a second server of the
  /// same user start on the same port and take half the connections without a word.
  public static func probe(_ address: SocketAddress) throws(RuntimeError) {
    let descriptor = try bind(address, sharesPort: false)
    Glibc.close(descriptor)
  }

  /// Listens on `address` for `loop`. Call on the loop.
  ///
  /// - Parameters:
  ///   - accepted: called on the loop with every new connection; it sets the delegate at once.
  ///   - failed: called when connections cannot be accepted (no descriptors left); accepting pauses
  ///     for 100 ms and is tried again.
  public init(
    _ address: SocketAddress, on loop: EventLoop, accepted: @escaping (Stream) -> Void,
    failed: @escaping (RuntimeError) -> Void
  ) throws(RuntimeError) {
    loop.preconditionOnLoop()
    self.loop = loop
    self.accepted = accepted
    self.failed = failed
    guard case .libuv(let driver) = loop.driver else {
      throw RuntimeError(operation: "a listener on a simulated loop", code: -EINVAL)
    }
    descriptor = try Self.bind(address, sharesPort: true)
    Stream.sendAtOnce(descriptor)
    guard listen(descriptor, 4096) == 0 else {
      let error = RuntimeError(operation: "listen on \(address.text)", code: -errno)
      Glibc.close(descriptor)
      throw error
    }
    let poll = UnsafeMutablePointer<uv_poll_t>.allocate(capacity: 1)
    let code = uv_poll_init(driver.loop, poll, descriptor)
    guard code == 0 else {
      poll.deallocate()
      Glibc.close(descriptor)
      throw RuntimeError(operation: "uv_poll_init", code: code)
    }
    self.poll = poll
    poll.pointee.data = Unmanaged.passUnretained(self).toOpaque()
    loop.open[ObjectIdentifier(self)] = self
    startPolling()
  }

  /// The address that is listened on, with the port that the system chose.
  public var address: SocketAddress? {
    SocketAddress.of(descriptor) { getsockname($0, $1, $2) }
  }

  /// Stops listening; connections that were accepted go on.
  public func close() {
    loop.preconditionOnLoop()
    guard let poll else { return }
    self.poll = nil
    loop.cancel(pauseTimer)
    poll.pointee.data = nil
    uv_poll_stop(poll)
    uv_close(UnsafeMutableRawPointer(poll).assumingMemoryBound(to: uv_handle_t.self)) { handle in
      UnsafeMutableRawPointer(handle)?.deallocate()
    }
    Glibc.close(descriptor)
    loop.open[ObjectIdentifier(self)] = nil
  }

  func closeResource() { close() }

  /// The pause after an exhaustion is over.
  public func timerFired() {
    pauseTimer = .none
    startPolling()
  }

  private func startPolling() {
    guard let poll else { return }
    uv_poll_start(poll, Int32(UV_READABLE.rawValue)) { handle, _, _ in
      guard let data = handle?.pointee.data else { return }
      let listener = Unmanaged<Listener>.fromOpaque(data).takeUnretainedValue()
      withExtendedLifetime(listener) { listener.acceptAll() }
    }
  }

  private func acceptAll() {
    loop.turnBegins()
    for _ in 0..<Self.acceptsPerTurnMax {
      guard let poll else { return }
      let connection = fanfare_accept(descriptor)
      if connection >= 0 {
        do {
          accepted(try Stream(descriptor: connection, loop: loop))
        } catch {
          failed(error)
        }
        continue
      }
      switch errno {
      case EAGAIN: return
      case EINTR, ECONNABORTED: continue
      default:
        failed(RuntimeError(operation: "accept", code: -errno))
        uv_poll_stop(poll)
        pauseTimer = loop.schedule(after: Self.exhaustionPause, self)
        return
      }
    }
  }

  private static func bind(
    _ address: SocketAddress, sharesPort: Bool
  ) throws(RuntimeError) -> Int32 {
    let kind = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
    let descriptor = socket(address.family, kind, 0)
    guard descriptor >= 0 else { throw RuntimeError(operation: "socket", code: -errno) }
    var on: Int32 = 1
    let size = socklen_t(MemoryLayout<Int32>.size)
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, size)
    if sharesPort { setsockopt(descriptor, SOL_SOCKET, SO_REUSEPORT, &on, size) }
    guard address.withSockaddr({ Glibc.bind(descriptor, $0, $1) }) == 0 else {
      let error = RuntimeError(operation: "listen on \(address.text)", code: -errno)
      Glibc.close(descriptor)
      throw error
    }
    return descriptor
  }
}
