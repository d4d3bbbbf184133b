extension EventLoop {
  /// Runs `body` on this loop and returns what it returned. From any task.
  public func run<Value: Sendable>(
    _ body: @escaping @Sendable () -> Value
  ) async -> Value {
    if isCurrent { return body() }
    return await withCheckedContinuation { continuation in
      let isPosted = post { continuation.resume(returning: body()) }
      // A full inbox is a loop far behind; a job, unlike a message, always finds room.
      if !isPosted {
        Task { continuation.resume(returning: await LoopActor(self).run(body)) }
      }
    }
  }
}

/// An actor for work that has no other.
private actor LoopActor {
  nonisolated let unownedExecutor: UnownedSerialExecutor
  private let loop: EventLoop

  init(_ loop: EventLoop) {
    self.loop = loop
    unownedExecutor = loop.asUnownedSerialExecutor()
  }

  func run<Value: Sendable>(_ body: @Sendable () -> Value) -> Value { body() }
}
