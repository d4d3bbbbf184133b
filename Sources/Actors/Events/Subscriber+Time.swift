import FanfareRuntime

/// What a connection does when nothing happens: heartbeats, and an end to patience.
extension Subscriber: TimerTarget {
  /// Looks after the quiet connection, the stalled one and the silent one; one timer for all.
  public func timerFired() {
    timer = .none
    if case .closing(let reason) = state { return end(reason) }
    guard let wait = isBlocked ? patienceLeft() : beat() else { return }
    timer = stream.loop.schedule(after: max(wait, .milliseconds(1)), self)
  }

  /// When the kernel last took something, from here or in a pass.
  private var sentAt: MonotonicInstant {
    guard let follower = followers.first, follower.slot >= 0 else { return lastProgress }
    return max(lastProgress, follower.shard.lanes[follower.slot].sentAt)
  }

  /// How long to look away from a blocked socket; `nil` when it has been given up.
  private func patienceLeft() -> Duration? {
    let limits = fanout.limits
    let quiet = stream.loop.now - sentAt
    let patience = limits.writeDeadline * limits.writeDeadlinesMax
    guard quiet < patience else {
      if case .leaving(let reason) = state { end(reason) } else { end(.stalled) }
      return nil
    }
    return min(patience - quiet, limits.writeDeadline)
  }

  /// Sends a heartbeat when one is due. Returns when to look again; `nil` when the peer has gone.
  private func beat() -> Duration? {
    let heartbeat = fanout.limits.heartbeat
    let now = stream.loop.now
    if format.isAnswered {
      // Asked however much is sent: only an answer tells that somebody is there.
      guard now - lastHeard < heartbeat * 2 else {
        leave(.silent, retry: nil)
        // Where the bye does not fit, the kernel's patience is watched on.
        if case .leaving = state { return fanout.limits.writeDeadline }
        return nil
      }
    } else if now - sentAt < heartbeat {
      return heartbeat - (now - sentAt)
    }
    var bytes: [UInt8] = []
    tellMoved(&bytes)
    if bytes.isEmpty || format.isAnswered { format.appendHeartbeat(to: &bytes) }
    write(bytes)
    return state == .ended ? nil : heartbeat
  }

  /// Ends the connection: nothing more will come. A client that comes back is known by its cursor.
  public func leaveAtTheEnd() {
    var bytes: [UInt8] = []
    tellMoved(&bytes)
    write(bytes)
    leave(.over, retry: nil)
  }

  /// Says where the cursor stands after events that a filter hid.
  private func tellMoved(_ bytes: inout [UInt8]) {
    // A cursor of a log that began anew is handed out with the verdict.
    guard state == .streaming, !owesVerdicts else { return }
    for follower in followers where follower.owesCursor {
      follower.owesCursor = false
      // A composite cursor says all of them at once.
      guard bytes.isEmpty || !format.hasCompositeCursor else { continue }
      format.appendMoved(
        follower.shard.channel, to: follower.position, cursor: cursor, to: &bytes)
    }
  }
}
