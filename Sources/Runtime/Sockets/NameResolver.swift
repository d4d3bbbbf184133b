import CLibuv
import Glibc

/// One host name on its way to addresses. The question is asked on a thread of libuv's pool, so
/// that a slow name server holds up no loop.
///
/// A loop that ends while a question is under way waits for the system's resolver to answer.
///
/// `@unchecked Sendable`: every member is used on `loop` alone; the entry points check it.
public final class NameResolver: LoopResource, @unchecked Sendable {
  /// What the answer is given to: at least one address, in the order in which to try them.
  public typealias Answer = (Result<[SocketAddress], RuntimeError>) -> Void

  private let loop: EventLoop
  private let host: String
  private var answer: Answer?
  private var request: UnsafeMutablePointer<uv_getaddrinfo_t>?

  /// Asks for the addresses of `host`, a name or a numeric address.
  ///
  /// - Parameter answer: called once, on the loop, after this has returned; not after ``cancel()``.
  public init(
    _ host: String, port: UInt16, on loop: EventLoop, answer: @escaping Answer
  ) throws(RuntimeError) {
    loop.preconditionOnLoop()
    guard case .libuv(let driver) = loop.driver else {
      throw RuntimeError(operation: "a name on a simulated loop", code: -EINVAL)
    }
    guard !driver.isClosing else {
      throw RuntimeError(operation: "a name on a loop that ends", code: -ECANCELED)
    }
    self.loop = loop
    self.host = host
    self.answer = answer
    let request = UnsafeMutablePointer<uv_getaddrinfo_t>.allocate(capacity: 1)
    self.request = request
    request.pointee.data = Unmanaged.passUnretained(self).toOpaque()
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    hints.ai_family = AF_UNSPEC
    hints.ai_flags = AI_NUMERICSERV
    let code = uv_getaddrinfo(
      driver.loop, request,
      { request, status, list in
        defer {
          uv_freeaddrinfo(list)
          request?.deallocate()
        }
        guard let data = request?.pointee.data else { return }
        let resolver = Unmanaged<NameResolver>.fromOpaque(data).takeUnretainedValue()
        withExtendedLifetime(resolver) { resolver.answered(status, list) }
      }, host, String(port), &hints)
    guard code == 0 else {
      self.request = nil
      request.deallocate()
      throw RuntimeError(operation: "resolve \(host)", code: code)
    }
    // Until the answer: libuv knows this object by its address.
    loop.open[ObjectIdentifier(self)] = self
  }

  private func answered(_ status: Int32, _ list: UnsafeMutablePointer<addrinfo>?) {
    loop.turnBegins()
    request = nil
    loop.open[ObjectIdentifier(self)] = nil
    guard let answer else { return }
    self.answer = nil
    guard status == 0 else {
      return answer(.failure(RuntimeError(operation: "resolve \(host)", code: status)))
    }
    var addresses: [SocketAddress] = []
    var next = list
    while let entry = next?.pointee {
      if let address = SocketAddress(entry) { addresses.append(address) }
      next = entry.ai_next
    }
    guard !addresses.isEmpty else {
      return answer(.failure(RuntimeError(operation: "resolve \(host)", code: -ENOENT)))
    }
    answer(.success(addresses))
  }

  /// Drops the question; nothing is told any more.
  public func cancel() {
    loop.preconditionOnLoop()
    answer = nil
    stopAsking()
  }

  /// The loop ends: what waits is told as canceled, or what the resolver answers meanwhile.
  func closeResource() { stopAsking() }

  private func stopAsking() {
    guard let request else { return }
    // Fails where a thread is at it already; then its answer is waited for.
    uv_cancel(UnsafeMutableRawPointer(request).assumingMemoryBound(to: uv_req_t.self))
  }
}
