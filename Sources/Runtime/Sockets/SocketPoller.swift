import CLibuv
import Glibc

/// The sockets of one loop, in one epoll set of their own that libuv polls as a single descriptor:
/// a libuv handle for each would cost 160 bytes and four more system calls a connection.
///
/// Level-triggered, like libuv's own. Loop-confined.
final class SocketPoller {
  /// What a socket is to be watched for, and what it has become.
  struct Readiness: OptionSet {
    let rawValue: UInt32

    static let readable = Readiness(rawValue: 1)
    static let writable = Readiness(rawValue: 2)
    /// The socket has an error; it is watched no more until that is asked for anew.
    static let failed = Readiness(rawValue: 4)
  }

  /// Names one stream in the set; the number of its use tells it from those that had the slot
  /// before.
  struct Token {
    fileprivate let slot: UInt32
    fileprivate let use: UInt32
  }

  private struct Slot {
    var stream: Stream?
    var use: UInt32 = 0
  }

  /// The sockets told of in one go, before others of the loop have their turn.
  private static let readyMax = 256

  /// What libuv polls.
  let descriptor: Int32
  private var slots: [Slot] = []
  private var free: [UInt32] = []
  private var readyTokens = [UInt64](repeating: 0, count: SocketPoller.readyMax)
  private var readyEvents = [UInt32](repeating: 0, count: SocketPoller.readyMax)

  init() throws(RuntimeError) {
    descriptor = fanfare_epoll_create()
    guard descriptor >= 0 else { throw RuntimeError(operation: "epoll_create1", code: -errno) }
  }

  deinit { Glibc.close(descriptor) }

  /// Holds `stream` until ``remove(_:)``. Nothing is watched yet.
  func add(_ stream: Stream) -> Token {
    if let slot = free.popLast() {
      slots[Int(slot)].stream = stream
      return Token(slot: slot, use: slots[Int(slot)].use)
    }
    slots.append(Slot(stream: stream))
    return Token(slot: UInt32(slots.count - 1), use: 0)
  }

  /// Lets go of a stream, whose socket is closed next: the kernel then forgets it by itself.
  func remove(_ token: Token) {
    let index = Int(token.slot)
    guard slots[index].use == token.use else { return }
    slots[index].stream = nil
    slots[index].use &+= 1
    free.append(token.slot)
  }

  /// Watches `socket` for `wanted`. Returns the system's error number, 0 where there is none.
  ///
  /// - Parameter before: what it has been watched for since it was last told to have failed.
  func watch(
    _ socket: Int32, _ token: Token, for wanted: Readiness, before: Readiness
  ) -> Int32 {
    let operation: Int32
    if wanted.isEmpty {
      operation = EPOLL_CTL_DEL
    } else {
      operation = before.isEmpty ? EPOLL_CTL_ADD : EPOLL_CTL_MOD
    }
    let data = UInt64(token.use) << 32 | UInt64(token.slot)
    let code = fanfare_epoll_set(
      descriptor, operation, socket, wanted.contains(.readable) ? 1 : 0,
      wanted.contains(.writable) ? 1 : 0, data)
    return code == 0 ? 0 : errno
  }

  /// Tells the streams that are ready.
  func tellReady() {
    let count = readyTokens.withUnsafeMutableBufferPointer { tokens in
      readyEvents.withUnsafeMutableBufferPointer { events in
        fanfare_epoll_take(
          descriptor, tokens.baseAddress, events.baseAddress, Int32(Self.readyMax))
      }
    }
    for index in 0..<Int(max(0, count)) {
      let token = readyTokens[index]
      let slot = slots[Int(token & 0xFFFF_FFFF)]
      // One told before may have closed it.
      guard let stream = slot.stream, UInt64(slot.use) == token >> 32 else { continue }
      stream.ready(Readiness(rawValue: readyEvents[index]))
    }
  }

  /// Closes every stream that is open.
  func closeAll() {
    for index in slots.indices { slots[index].stream?.closeResource() }
  }
}
