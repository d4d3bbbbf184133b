import FanfareActors
import FanfareBackplane
import FanfareRuntime
import Foundation
import Testing

@testable import FanfareTestKit

/// What is left of a store whose process was killed, at any moment.
@Suite struct SQLiteJobCrashTests {
  @Test(arguments: 1...12 as ClosedRange<UInt64>)
  func whatWasAcknowledgedIsThere(seed: UInt64) throws {
    let outcome = try JobStoreCrowd.play(
      seed: seed, over: try SQLiteJobPlace(isInMemory: true))
    #expect(outcome.violations.isEmpty, "seed \(seed): \(outcome.violations)")
    #expect(outcome.kills > 3 && outcome.told > 100 && outcome.lost > 0, "\(outcome)")
  }

  /// A kill, or a loss of power, within a write: some bytes of it have reached the log, and what
  /// follows them may be anything.
  @Test(arguments: 1...40 as ClosedRange<UInt64>)
  func aWriteThatWasCutOffIsAllOrNothing(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let place = try SQLiteJobPlace(isInMemory: true)
    let before = random.int(1...30)
    let batch = random.int(1...40)
    let cut = Locked<SQLiteJobPlace?>(nil)
    let share = Double(random.below(1_001)) / 1_000
    let noise = random.isOne(in: 2) ? random.bytes(count: 0...9_000) : []
    let written = try play(seed, over: place) { store in
      for _ in 0..<before { try await store.enqueue(1) }
      let start = place.logSize
      try await store.enqueue(batch)
      let end = place.logSize
      let size = start + Int(Double(end - start) * share)
      let copy = try place.copy(logSize: size, noise: size < end ? noise : [])
      cut.withLock { $0 = copy }
      #expect(end > start, "the log was begun again: the test is not one")
    }
    #expect(written.isEmpty, "seed \(seed): \(written)")
    let copy = try #require(cut.withLock { $0 })
    let violations = try play(seed, over: copy) { store in
      let jobs = try await store.count()
      let isWhole = jobs == before || jobs == before + batch
      #expect(isWhole, "seed \(seed): \(jobs) of \(before) and \(batch)")
      try await store.enqueue(1)
    }
    #expect(violations.isEmpty, "seed \(seed): \(violations)")
  }

  private func play(
    _ seed: UInt64, over place: SQLiteJobPlace, _ body: @escaping JobStoreScenario.Play
  ) throws -> [String] {
    try JobStoreScenario("a cut", body).run(over: place, seed: seed)
  }
}

extension JobStoreSide {
  fileprivate func enqueue(_ count: Int) async throws {
    let draft = JobDraft(queue: .plain, task: .work, arguments: Array("[1]".utf8))
    _ = try await done(.enqueue(Array(repeating: draft, count: count), nil))
  }

  fileprivate func count() async throws -> Int {
    try await list(max: 9_999).count
  }
}

extension SQLiteJobPlace {
  /// The bytes of the write-ahead log.
  fileprivate var logSize: Int {
    (try? FileManager.default.attributesOfItem(atPath: path + "-wal")[.size] as? Int) ?? 0
  }

  /// A copy of which the log ends early, with `noise` after it.
  fileprivate func copy(logSize: Int, noise: [UInt8]) throws -> SQLiteJobPlace {
    let copy = try SQLiteJobPlace(isInMemory: true)
    for file in try FileManager.default.contentsOfDirectory(atPath: folder.path) {
      var bytes = try Data(contentsOf: folder.appending(path: file))
      if file.hasSuffix("-wal") { bytes = bytes.prefix(logSize) + Data(noise) }
      try bytes.write(to: copy.folder.appending(path: file))
    }
    return copy
  }
}
