import CLibuv
import Glibc

/// Who hears of a watched descriptor. Every call comes on the watch's loop.
public protocol DescriptorWatchDelegate: AnyObject {
  /// The descriptor is ready for something that is watched. One that has failed is ready for all.
  func descriptorIsReady(_ readiness: DescriptorWatch.Readiness)
  /// The loop ends and has closed the watch: the descriptor's owner lets go of it now.
  func descriptorLoopEnded()
}

/// Tells a library of its own descriptor on a loop: for libraries that do their own reading and
/// writing and only want to know when.
///
/// It does not own the descriptor, which must stay open until ``close()``. Level-triggered.
///
/// `@unchecked Sendable`: every member is used on `loop` alone; the entry points check it.
public final class DescriptorWatch: LoopResource, @unchecked Sendable {
  /// What a descriptor is to be watched for, and what it has become.
  public struct Readiness: OptionSet, Sendable {
    /// The bits, as libuv numbers them.
    public let rawValue: Int32

    /// A set of these bits.
    public init(rawValue: Int32) {
      self.rawValue = rawValue
    }

    /// It can be read, or has ended.
    public static let readable = Readiness(rawValue: Int32(UV_READABLE.rawValue))
    /// It can be written.
    public static let writable = Readiness(rawValue: Int32(UV_WRITABLE.rawValue))
  }

  /// The loop that watches.
  public let loop: EventLoop
  private var delegate: (any DescriptorWatchDelegate)?
  private var poll: UnsafeMutablePointer<uv_poll_t>?
  private var watched: Readiness = []

  /// Prepares to watch; nothing is watched until ``watch(for:)``.
  ///
  /// - Parameters:
  ///   - descriptor: a socket, pipe or the like, which is made non-blocking.
  ///   - delegate: held until ``close()``.
  public init(
    _ descriptor: Int32, on loop: EventLoop, delegate: any DescriptorWatchDelegate
  ) throws(RuntimeError) {
    loop.preconditionOnLoop()
    guard case .libuv(let driver) = loop.driver else {
      throw RuntimeError(operation: "a descriptor on a simulated loop", code: -EINVAL)
    }
    guard !driver.isClosing else {
      throw RuntimeError(operation: "a descriptor on a loop that ends", code: -ECANCELED)
    }
    let poll = UnsafeMutablePointer<uv_poll_t>.allocate(capacity: 1)
    let code = uv_poll_init(driver.loop, poll, descriptor)
    guard code == 0 else {
      poll.deallocate()
      throw RuntimeError(operation: "uv_poll_init", code: code)
    }
    self.loop = loop
    self.delegate = delegate
    self.poll = poll
    poll.pointee.data = Unmanaged.passUnretained(self).toOpaque()
    loop.open[ObjectIdentifier(self)] = self
  }

  /// Watches for `wanted` from now on, and for nothing else. After ``close()`` it does nothing.
  public func watch(for wanted: Readiness) {
    loop.preconditionOnLoop()
    guard let poll, wanted != watched else { return }
    watched = wanted
    guard !wanted.isEmpty else {
      uv_poll_stop(poll)
      return
    }
    uv_poll_start(poll, wanted.rawValue) { handle, status, events in
      guard let data = handle?.pointee.data else { return }
      let watch = Unmanaged<DescriptorWatch>.fromOpaque(data).takeUnretainedValue()
      withExtendedLifetime(watch) { watch.told(status, events) }
    }
  }

  private func told(_ status: Int32, _ events: Int32) {
    loop.turnBegins()
    guard status < 0 else {
      delegate?.descriptorIsReady(Readiness(rawValue: events))
      return
    }
    // libuv says no more than that there is an error, and has stopped watching: the owner finds
    // out by reading or writing, and asks anew for what it still wants.
    watched = []
    delegate?.descriptorIsReady([.readable, .writable])
  }

  /// Watches no more and lets go of the delegate. The descriptor may be closed then.
  public func close() {
    loop.preconditionOnLoop()
    delegate = nil
    guard let poll else { return }
    self.poll = nil
    poll.pointee.data = nil
    uv_poll_stop(poll)
    uv_close(UnsafeMutableRawPointer(poll).assumingMemoryBound(to: uv_handle_t.self)) { handle in
      UnsafeMutableRawPointer(handle)?.deallocate()
    }
    loop.open[ObjectIdentifier(self)] = nil
  }

  func closeResource() {
    let owner = delegate
    close()
    owner?.descriptorLoopEnded()
  }
}
