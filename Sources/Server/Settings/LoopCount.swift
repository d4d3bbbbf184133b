/// How many event loops serve connections.
public enum LoopCount: Sendable, Equatable {
  /// One for each core that the process may use, at most ``max``.
  case auto
  /// This many, from 1 to ``max``.
  case exactly(Int)

  /// The most loops that a node runs.
  public static let max = 64

  /// The loops to start on a machine with so many cores.
  public func loops(cores: Int) -> Int {
    switch self {
    case .auto: min(Swift.max(cores, 1), LoopCount.max)
    case .exactly(let count): count
    }
  }
}
