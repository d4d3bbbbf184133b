import CEpoll
import Foundation
import GRDB

/// What the disk, and SQLite alone on it, can do: the same bytes, made as durable, by one thread
/// that does nothing else.
struct SQLiteFloor {
  private let folder: URL
  private let database: DatabaseQueue

  init() throws {
    folder = FileManager.default.temporaryDirectory
      .appending(path: "fanfare-bench-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    var configuration = Configuration()
    configuration.prepareDatabase { database in
      try database.execute(sql: "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL")
    }
    database = try DatabaseQueue(
      path: folder.appending(path: "floor.sqlite").path, configuration: configuration)
    try database.write { database in
      try database.execute(
        sql: """
          CREATE TABLE job (id INTEGER PRIMARY KEY, state INTEGER NOT NULL, body BLOB NOT NULL);
          CREATE TABLE event (
            job INTEGER NOT NULL, sequence INTEGER NOT NULL, body BLOB NOT NULL,
            PRIMARY KEY (job, sequence)) WITHOUT ROWID
          """)
    }
  }

  func remove() {
    try? database.close()
    try? FileManager.default.removeItem(at: folder)
  }

  /// Jobs a second, each a row and its first event, so many in a transaction.
  func insertsPerSecond(_ count: Int, each lines: Int) throws -> Double {
    let body = Data(repeating: 0x78, count: 200)
    let event = Data(repeating: 0x78, count: 100)
    return try perSecond(count, each: lines) { database in
      let insert = try database.cachedStatement(
        sql: "INSERT INTO job (state, body) VALUES (0, ?)")
      let tell = try database.cachedStatement(
        sql: "INSERT INTO event (job, sequence, body) VALUES (last_insert_rowid(), 1, ?)")
      for _ in 0..<lines {
        try insert.execute(arguments: [body])
        try tell.execute(arguments: [event])
      }
    }
  }

  /// Jobs a second that are begun and ended, each step a row that changes and an event, so many in
  /// a transaction. There must have been so many inserts.
  func updatesPerSecond(_ count: Int, each lines: Int) throws -> Double {
    let event = Data(repeating: 0x78, count: 100)
    var job = 0
    return try perSecond(count, each: lines) { database in
      let change = try database.cachedStatement(sql: "UPDATE job SET state = ? WHERE id = ?")
      let tell = try database.cachedStatement(
        sql: "INSERT OR REPLACE INTO event (job, sequence, body) VALUES (?, ?, ?)")
      for _ in 0..<lines {
        job += 1
        for step in 1...2 {
          try change.execute(arguments: [step, job])
          try tell.execute(arguments: [job, step + 1, event])
        }
      }
    }
  }

  /// How often a second a few pages can be appended to a file and made durable.
  func syncsPerSecond(_ count: Int = 200) throws -> Double {
    let path = folder.appending(path: "syncs").path
    let file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw LoadError("\(path): error \(errno)") }
    defer { close(file) }
    let pages = [UInt8](repeating: 0x78, count: 8 * 4_096)
    let start = LoadLoop.now
    for _ in 0..<count {
      guard write(file, pages, pages.count) == pages.count, fdatasync(file) == 0 else {
        throw LoadError("\(path): error \(errno)")
      }
    }
    return Double(count) * 1e9 / Double(LoadLoop.now - start)
  }

  private func perSecond(
    _ count: Int, each lines: Int, _ step: (Database) throws -> Void
  ) throws -> Double {
    let start = LoadLoop.now
    for _ in 0..<count / lines {
      try database.inDatabase { database in
        try database.inTransaction(.immediate) {
          try step(database)
          return .commit
        }
      }
    }
    return Double(count / lines * lines) * 1e9 / Double(LoadLoop.now - start)
  }
}
