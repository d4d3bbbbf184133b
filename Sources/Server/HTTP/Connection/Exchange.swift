/// What of a request outlives its head: how its answer is to be written, and what follows it.
struct Exchange: Sendable {
  let isHead: Bool
  /// Whether another request may follow.
  let keepsAlive: Bool
  /// An HTTP/1.0 client goes on only if it is told that it may (RFC 9112 appendix C.2.2).
  let isOld: Bool
  let cors: [HeaderField]

  /// For what could not be read as a request: nothing follows.
  static let unreadable = Exchange(isHead: false, keepsAlive: false, isOld: false, cors: [])
}

extension Exchange {
  /// - Parameter readsBody: a body that nothing reads would be taken for the next request, so none
  ///   follows it.
  init(_ head: RequestHead, readsBody: Bool, isLast: Bool, cors: [HeaderField]) {
    self.init(
      isHead: head.method == .head,
      keepsAlive: head.keepAlive && (readsBody || head.framing == .none) && !isLast,
      isOld: head.minorVersion == 0, cors: cors)
  }
}
