import Glibc

/// Names the socket of an open stream on its loop, for a sender that wants to touch nothing else.
/// It is worth nothing once the stream is closed; whoever keeps one lets go of it then.
public struct SocketHandle: Sendable, Equatable {
  /// The descriptor; in a simulation a number of its own.
  let number: Int32

  /// No socket.
  public static let none = SocketHandle(number: -1)
}

extension EventLoop {
  /// Offers bytes to the kernel once: one system call, no copy.
  ///
  /// - Returns: how many it took, or the negative error number. Where that is not all of them,
  ///   ``Stream/settle(_:of:)`` must be told.
  @inline(__always)
  public func send(_ bytes: Span<UInt8>, to socket: SocketHandle) -> Int {
    preconditionOnLoop()
    if case .simulated(let simulation, _) = driver {
      return simulation.send(bytes, to: socket)
    }
    let count = bytes.withUnsafeBytes { buffer in
      Glibc.send(
        socket.number, buffer.baseAddress, buffer.count, Int32(MSG_DONTWAIT | MSG_NOSIGNAL))
    }
    return count >= 0 ? count : -Int(errno)
  }
}
