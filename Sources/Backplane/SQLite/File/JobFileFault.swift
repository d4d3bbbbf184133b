import GRDB

/// Why a file cannot be used, besides what SQLite itself says.
enum JobFileFault: Error {
  /// A later program has written it.
  case newer(Int)
  /// A column holds what no program of this kind writes.
  case strange(String)

  /// What is to be mended where `error` came from the file at `path`: one sentence.
  static func sentence(_ error: any Error, _ path: String) -> String {
    switch error {
    case JobFileFault.newer(let version):
      return "\(path) was written by a later version (\(version), this one knows "
        + "\(JobSchema.version)): use that, or another file"
    case JobFileFault.strange(let what):
      return "\(path) holds what no job store writes (\(what)): put a copy in its place"
    case let error as DatabaseError: return sentence(error, path)
    default: return "\(path): \(error)"
    }
  }

  private static func sentence(_ error: DatabaseError, _ path: String) -> String {
    let detail = error.message.map { " (\($0))" } ?? ""
    switch error.resultCode {
    case .SQLITE_FULL: return "there is no room for \(path)\(detail): make some"
    case .SQLITE_READONLY: return "\(path) cannot be written\(detail): allow it"
    case .SQLITE_CORRUPT, .SQLITE_NOTADB:
      return "\(path) is damaged or no job file\(detail): put a copy in its place, or move it away"
    case .SQLITE_BUSY, .SQLITE_LOCKED:
      return "\(path) is in use by another process\(detail): end that, or use another file"
    case .SQLITE_CANTOPEN, .SQLITE_PERM:
      return "\(path) cannot be opened\(detail): its folder has to exist and to be writable"
    case .SQLITE_IOERR: return "the disk of \(path) failed\(detail)"
    default: return "\(path): \(error.message ?? "SQLite error \(error.resultCode.rawValue)")"
    }
  }
}
