import CLibuv
import Glibc

/// A folder that nobody needs once this process has ended, however it ended: a later one finds what
/// is left.
///
/// A file in it is locked for as long as this is there.
public final class OwnFolder: Sendable {
  private static let ownerName = ".owner"

  /// Where it is.
  public let path: String
  private let lock: Int32

  /// Makes a folder in `parent` whose name begins with `prefix`.
  public init(in parent: String, prefix: String) throws(RuntimeError) {
    let path = try Self.make(in: parent, prefix: prefix)
    // It has its name only once it is locked: whoever finds it unlocked takes its owner for dead.
    let new = "\(path)/.new"
    let lock = open(new, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard lock >= 0, fanfare_lock_file(lock) == 0,
      rename(new, "\(path)/\(Self.ownerName)") == 0
    else {
      let error = RuntimeError(operation: "cannot lock \(path)", code: -errno)
      if lock >= 0 { close(lock) }
      throw error
    }
    self.path = path
    self.lock = lock
  }

  /// Takes over the folder of a process that has ended.
  private init?(leftAt path: String) {
    var status = stat()
    // Where everybody may write, a name says nothing: it must be a folder, and of this user.
    guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR,
      status.st_uid == geteuid()
    else { return nil }
    let lock = open("\(path)/\(Self.ownerName)", O_WRONLY | O_NOFOLLOW | O_CLOEXEC)
    guard lock >= 0 else { return nil }
    guard fanfare_lock_file(lock) == 0 else {
      close(lock)
      return nil
    }
    self.path = path
    self.lock = lock
  }

  deinit { close(lock) }

  /// The folders in `parent` that processes of this user have left, which are this one's to remove
  /// now. Those of processes that live are not among them.
  public static func left(in parent: String, prefix: String) -> [OwnFolder] {
    guard let directory = opendir(parent) else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name.hasPrefix(prefix) { names.append(name) }
    }
    return names.sorted().compactMap { OwnFolder(leftAt: "\(parent)/\($0)") }
  }

  /// Makes a folder in it, whose name begins with `prefix`. Returns its path.
  public func makeFolder(prefix: String) throws(RuntimeError) -> String {
    try Self.make(in: path, prefix: prefix)
  }

  private static func make(in parent: String, prefix: String) throws(RuntimeError) -> String {
    var name = Array("\(parent)/\(prefix)XXXXXX".utf8CString)
    guard mkdtemp(&name) != nil else {
      throw RuntimeError(operation: "cannot make a folder in \(parent)", code: -errno)
    }
    return String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
