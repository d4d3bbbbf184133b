import FanfareRuntime

/// The end of a connection that still speaks HTTP.
extension Connection {
  /// The server stops: a connection that has no answer under way is closed. Returns whether it is.
  func closesIfIdle() -> Bool {
    sendGathered()
    switch state {
    case .head, .body, .lingering:
      close(.serverStopped)
      return true
    case .responding, .writing, .gone: return false
    }
  }

  /// Answers a poll that waits with what there is.
  func endWait() { hangUp?.hangUp() }

  func close(_ reason: ConnectionEnd) {
    if case .gone = state { return }
    state = .gone
    hangUp?.hangUp()
    stream.loop.cancel(timer)
    stream.close()
    record.get.ended(reason)
  }
}
