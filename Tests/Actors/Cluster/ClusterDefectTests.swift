import Testing

/// What a world is for: nodes with a defect do not get through it.
@Suite struct ClusterDefectTests {
  @Test(arguments: ClusterDefect.allCases)
  func isFound(_ defect: ClusterDefect) throws {
    for seed in 1...150 as ClosedRange<UInt64> {
      let world = try ClusterWorld(seed: seed, defect: defect)
      let violations = try world.play()
      if let first = violations.first {
        print("worlds\t\(defect) is found by seed \(seed): \(first.prefix(200))")
        return
      }
    }
    Issue.record("\(defect) goes unnoticed")
  }
}
