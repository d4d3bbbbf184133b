/// One thing that is broken on purpose.
enum ChaosFault: Equatable {
  /// Killed, and started again on its port.
  case nodeKilled(Int)
  /// Paused with its connections open, and let go on.
  case nodePaused(Int)
  /// Killed, and started again with what it had written.
  case redisKilled
  /// Ended in good order, and started again.
  case redisRestarted
  /// Paused with its connections open, and let go on.
  case redisPaused
  /// All connections for commands are cut.
  case commandsCut
  /// All connections for feeds are cut.
  case feedsCut
  /// Killed, and started again.
  case workerKilled(Int)
  /// Paused in the middle of what it does, and let go on.
  case workerPaused(Int)

  /// In a line of the log.
  func text(lasting length: Duration) -> String {
    let time = SecondsText.of(length)
    return switch self {
    case .nodeKilled(let node): "node \(node + 1) killed, started again after \(time)"
    case .nodePaused(let node): "node \(node + 1) paused for \(time)"
    case .redisKilled: "Redis killed, started again after \(time)"
    case .redisRestarted: "Redis ended in good order, started again after \(time)"
    case .redisPaused: "Redis paused for \(time)"
    case .commandsCut: "all connections of Redis for commands cut"
    case .feedsCut: "all connections of Redis for feeds cut"
    case .workerKilled(let worker): "worker \(worker + 1) killed, started again after \(time)"
    case .workerPaused(let worker): "worker \(worker + 1) paused for \(time)"
    }
  }
}
