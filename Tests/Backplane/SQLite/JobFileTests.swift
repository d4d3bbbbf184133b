import FanfareActors
import FanfareRuntime
import FanfareTestKit
import Foundation
import Testing

@testable import FanfareBackplane

/// The file itself: who may open it, and what is said of one that cannot be used.
@Suite struct JobFileTests {
  private let place: SQLiteJobPlace

  init() throws {
    place = try SQLiteJobPlace()
  }

  /// What is said of the file when it is opened; empty where it can be.
  private func fault() -> String {
    do {
      try JobFile(place.path).close()
      return ""
    } catch {
      return JobFileFault.sentence(error, place.path)
    }
  }

  private func text(_ sql: String, in file: JobFile) throws -> String? {
    var text: String?
    try file.transaction { text = try file.one(sql) { $0.text() } ?? nil }
    return text
  }

  @Test func isDurableAndAlone() throws {
    let file = try JobFile(place.path)
    #expect(try text("PRAGMA journal_mode", in: file) == "wal")
    #expect(try text("PRAGMA synchronous", in: file) == "2")
    #expect(try text("PRAGMA locking_mode", in: file) == "exclusive")
    #expect(try text("PRAGMA user_version", in: file) == "\(JobSchema.version)")
    #expect(fault().contains("in use by another process"))
    file.close()
    #expect(fault() == "")
  }

  @Test func refusesWhatALaterProgramWrote() throws {
    let file = try JobFile(place.path)
    try file.transaction { try file.run("PRAGMA user_version = \(JobSchema.version + 1)") }
    file.close()
    #expect(fault().contains("later version"))
  }

  @Test func refusesWhatIsNoJobFile() throws {
    try Data(repeating: 0x41, count: 10_000).write(to: URL(filePath: place.path))
    #expect(fault().contains("damaged or no job file"))
  }

  @Test func refusesAFolderThatIsNotThere() throws {
    try FileManager.default.removeItem(at: place.folder)
    #expect(fault().contains("cannot be opened"))
  }

  @Test func refusesADamagedFile() throws {
    let file = try JobFile(place.path)
    try file.transaction {
      for number in 1...2_000 as ClosedRange<Int64> {
        try file.setCounter("counter of some length, number \(number)", number)
      }
    }
    file.close()
    let handle = try FileHandle(forUpdating: URL(filePath: place.path))
    let size = try handle.seekToEnd()
    try handle.seek(toOffset: size - 8 * 4_096)
    try handle.write(contentsOf: Data(repeating: 0xA5, count: 3 * 4_096))
    try handle.close()
    #expect(fault().contains("damaged or no job file"))
  }

  @Test func undoesAllOfATransaction() throws {
    let file = try JobFile(place.path)
    try file.transaction { try file.setCounter("kept", 1) }
    #expect(throws: JobRefusal.tooManyJobs) {
      try file.transaction {
        try file.setCounter("kept", 2)
        throw JobRefusal.tooManyJobs
      }
    }
    var kept: Int64 = 0
    try file.transaction { kept = try file.counter("kept") }
    #expect(kept == 1)
  }

  @Test func keepsATextUpToANULAndAfterIt() throws {
    let file = try JobFile(place.path)
    var kept: String?
    try file.transaction {
      kept = try file.one("SELECT ?", [.text("a\0b")]) { $0.text() } ?? nil
    }
    #expect(kept == "a\u{2400}b")
  }
}
