import FanfareActors
import GRDB

extension JobFile {
  /// The bytes of the file up to which all of it is checked when it is opened.
  private static let checkedBytesMax: Int64 = 64 * 1_024 * 1_024

  static func open(_ path: String) throws -> DatabaseQueue {
    _ = JobStatement.countsMemory
    var configuration = Configuration()
    configuration.foreignKeysEnabled = false
    configuration.busyMode = .timeout(1)
    configuration.label = "jobs"
    configuration.prepareDatabase { database in
      // Before anything is read: the first read takes the lock, which is kept.
      try database.execute(sql: "PRAGMA locking_mode = EXCLUSIVE")
      let mode = try String.fetchOne(database, sql: "PRAGMA journal_mode = WAL")
      guard mode == "wal" || mode == "memory" else {
        throw DatabaseError(resultCode: .SQLITE_CANTOPEN, message: "no write-ahead log")
      }
      try database.execute(
        sql: """
          PRAGMA synchronous = FULL;
          PRAGMA cache_size = -16384;
          PRAGMA wal_autocheckpoint = 4000;
          PRAGMA journal_size_limit = 67108864;
          PRAGMA temp_store = MEMORY;
          """)
    }
    return try DatabaseQueue(path: path, configuration: configuration)
  }

  /// Takes the lock of a file that others may have, and brings its tables up to date.
  static func migrate(_ database: Database) throws {
    try database.inTransaction(.immediate) {
      let version = try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
      guard version <= JobSchema.version else { throw JobFileFault.newer(version) }
      for step in JobSchema.steps.dropFirst(version) { try database.execute(sql: step) }
      if version < JobSchema.version {
        try database.execute(sql: "PRAGMA user_version = \(JobSchema.version)")
      }
      return .commit
    }
  }

  /// Looks for damage: everywhere in a small file; in a large one only where this store looks when
  /// it starts.
  static func check(_ database: Database) throws {
    let pages = try Int64.fetchOne(database, sql: "PRAGMA page_count") ?? 0
    let size = try Int64.fetchOne(database, sql: "PRAGMA page_size") ?? 0
    guard pages * size <= checkedBytesMax else { return }
    let answer = try String.fetchOne(database, sql: "PRAGMA quick_check(1)") ?? ""
    guard answer == "ok" else {
      throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: answer)
    }
  }
}
