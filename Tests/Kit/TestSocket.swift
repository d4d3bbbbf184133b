import Glibc

/// A plain TCP socket to a server on this machine, with a deadline for every wait. Used by one
/// thread at a time.
package final class TestSocket {
  package enum Received: Equatable {
    case bytes([UInt8])
    /// The server has closed its sending side.
    case end
  }

  private var descriptor: Int32

  /// Connects to `port` of the loopback interface.
  ///
  /// - Parameter receiveBufferBytes: makes a slow reader: the kernel takes no more than about that
  ///   until the test reads.
  package init(port: UInt16, receiveBufferBytes: Int? = nil) throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw ClientFailure.system("socket", errno) }
    if let receiveBufferBytes { set(SO_RCVBUF, Int32(receiveBufferBytes)) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let code = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    // `deinit` closes: closing here too would close what others have opened meanwhile.
    guard code == 0 else { throw ClientFailure.system("connect", errno) }
    var on: Int32 = 1
    setsockopt(
      descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
    _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
  }

  deinit { close() }

  private func set(_ option: Int32, _ value: Int32) {
    var value = value
    setsockopt(
      descriptor, SOL_SOCKET, option, &value, socklen_t(MemoryLayout<Int32>.size))
  }

  /// Makes a slow reader a quick one: what stands in a small buffer would trickle, a few bytes a
  /// probe.
  package func widen() { set(SO_RCVBUF, 1024 * 1024) }

  /// What the kernel takes of `bytes` at once; 0 when it is full.
  package func sendSome(_ bytes: ArraySlice<UInt8>) throws -> Int {
    let count = bytes.withUnsafeBytes { buffer in
      send(descriptor, buffer.baseAddress, buffer.count, Int32(MSG_NOSIGNAL))
    }
    if count >= 0 { return count }
    switch errno {
    case EAGAIN, EINTR: return 0
    case ECONNRESET, EPIPE: throw ClientFailure.reset
    default: throw ClientFailure.system("send", errno)
    }
  }

  /// What has arrived; `nil` when nothing has.
  package func receiveSome() throws -> Received? {
    var buffer = [UInt8](repeating: 0, count: 64 * 1024)
    let count = recv(descriptor, &buffer, buffer.count, 0)
    if count > 0 { return .bytes(Array(buffer[..<count])) }
    if count == 0 { return .end }
    switch errno {
    case EAGAIN, EINTR: return nil
    case ECONNRESET: throw ClientFailure.reset
    default: throw ClientFailure.system("recv", errno)
    }
  }

  /// Waits until the socket can be read, or written where that is asked too. Returns whether it can
  /// before the deadline.
  package func waits(writing: Bool = false, reading: Bool = true, _ deadline: Deadline) -> Bool {
    let events = (reading ? POLLIN : 0) | (writing ? POLLOUT : 0)
    while true {
      var entry = pollfd(fd: descriptor, events: Int16(events), revents: 0)
      let count = poll(&entry, 1, deadline.millisecondsLeft)
      if count > 0 { return true }
      if deadline.hasPassed { return false }
    }
  }

  /// Ends the sending side; what the server sends is still read.
  package func finishSending() { shutdown(descriptor, Int32(SHUT_WR)) }

  /// Closes with a reset, as a client that has crashed.
  package func abort() {
    guard descriptor >= 0 else { return }
    var option = linger(l_onoff: 1, l_linger: 0)
    setsockopt(
      descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
    close()
  }

  package func close() {
    guard descriptor >= 0 else { return }
    Glibc.close(descriptor)
    descriptor = -1
  }
}
