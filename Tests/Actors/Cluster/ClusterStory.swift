/// What happened in a world, for whoever wants to know why. Kept only where it is wanted.
final class ClusterStory {
  private let isKept: Bool
  private(set) var lines: [String] = []
  /// What comes before each line.
  var clock: () -> String = { "" }

  init(isKept: Bool) {
    self.isKept = isKept
  }

  func tell(_ line: @autoclosure () -> String) {
    if isKept { lines.append("\(clock()) \(line())") }
  }
}
