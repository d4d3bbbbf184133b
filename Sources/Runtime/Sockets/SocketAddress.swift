import CLibuv
import Glibc

/// A numeric IPv4 or IPv6 address and port.
///
/// `Sendable`: plain bytes, set once.
public struct SocketAddress: Sendable {
  var storage = sockaddr_storage()
  var length: socklen_t = 0

  /// Resolves a host name or numeric address. It may block on a name server: for start-up and
  /// command-line clients, never for a running loop.
  public static func resolve(host: String, port: UInt16) throws(RuntimeError) -> SocketAddress {
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    hints.ai_family = AF_UNSPEC
    var results: UnsafeMutablePointer<addrinfo>?
    let code = getaddrinfo(host, String(port), &hints, &results)
    defer { if let results { freeaddrinfo(results) } }
    guard code == 0, let first = results?.pointee, let resolved = SocketAddress(first) else {
      throw RuntimeError(operation: "resolve \(host)", code: -ENOENT)
    }
    return resolved
  }

  private init() {}

  /// The address in a resolver's answer; `nil` where it holds none.
  init?(_ entry: addrinfo) {
    let count = Int(entry.ai_addrlen)
    guard let address = entry.ai_addr, count <= MemoryLayout<sockaddr_storage>.size else {
      return nil
    }
    length = entry.ai_addrlen
    withUnsafeMutableBytes(of: &storage) { bytes in
      bytes.copyMemory(from: UnsafeRawBufferPointer(start: address, count: count))
    }
  }

  /// What `ask` (`getsockname` or `getpeername`) says of a socket; `nil` once it is gone.
  static func of(
    _ descriptor: Int32,
    _ ask: (Int32, UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Int32
  ) -> SocketAddress? {
    var address = SocketAddress()
    address.length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    let code = withUnsafeMutableBytes(of: &address.storage) { bytes -> Int32 in
      guard let base = bytes.baseAddress else { return -1 }
      return ask(descriptor, base.assumingMemoryBound(to: sockaddr.self), &address.length)
    }
    return code == 0 ? address : nil
  }

  func withSockaddr<Result>(
    _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
  ) -> Result {
    withUnsafePointer(to: storage) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, length) }
    }
  }

  /// The port, in host order; 0 for other families than IPv4 and IPv6.
  public var port: UInt16 {
    withUnsafeBytes(of: storage) { bytes in
      guard family == AF_INET || family == AF_INET6 else { return 0 }
      // sin_port and sin6_port both stand at byte 2, in network order.
      return UInt16(bytes[2]) << 8 | UInt16(bytes[3])
    }
  }

  var family: Int32 { Int32(storage.ss_family) }

  /// Whether the address is one that only this machine can reach.
  public var isLoopback: Bool {
    withUnsafeBytes(of: storage) { bytes in
      switch family {
      case AF_INET: return bytes[4] == 127
      case AF_INET6:
        let address = bytes[8..<24]
        return address.dropLast().allSatisfy { $0 == 0 } && address.last == 1
      default: return false
      }
    }
  }

  /// `127.0.0.1:8080` or `[::1]:8080`.
  public var text: String {
    guard let name = host else { return "unknown" }
    return family == AF_INET6 ? "[\(name)]:\(port)" : "\(name):\(port)"
  }

  /// `127.0.0.1` or `::1`; `nil` for other families than IPv4 and IPv6.
  public var host: String? {
    var host = [CChar](repeating: 0, count: Int(NI_MAXHOST))
    let code = withSockaddr { address, length in
      getnameinfo(
        address, length, &host, socklen_t(host.count), nil, 0, Int32(NI_NUMERICHOST))
    }
    guard code == 0, family == AF_INET || family == AF_INET6 else { return nil }
    let bytes = host.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
    return String(decoding: bytes, as: UTF8.self)
  }
}
