import Glibc

/// The configuration file as text.
enum SettingsFile {
  /// The path that is read when nobody names another. It need not exist.
  static let defaultPath = "fanfare.yaml"

  /// The bytes of a configuration file. A larger one is refused.
  static let bytesMax = 1 << 20

  /// What a file must be, for messages.
  static let remedy = "allowed: a readable YAML file of at most \(ByteText.text(bytesMax))"

  /// The text of the file, or nil if it does not exist.
  ///
  /// The file is read as a stream, so that a pipe or a link to a mounted file serves as well.
  static func text(at path: String) throws(SettingsError) -> String? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      if errno == ENOENT { return nil }
      throw refusal(of: path, code: errno)
    }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 64 << 10)
    while true {
      let count = read(descriptor, &chunk, chunk.count)
      if count == 0 { break }
      guard count > 0 else {
        if errno == EINTR { continue }
        throw refusal(of: path, code: errno)
      }
      bytes += chunk.prefix(count)
      guard bytes.count <= bytesMax else {
        throw refusal(of: path, "is larger than \(ByteText.text(bytesMax))")
      }
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw refusal(of: path, "is not UTF-8 text")
    }
    return text
  }

  /// The error about a file as a whole.
  static func refusal(
    of path: String, _ problem: String, line: Int? = nil
  ) -> SettingsError {
    SettingsError(
      "config", value: path, problem: problem,
      source: line.map { .file(path: path, line: $0) }, remedy: remedy)
  }

  private static func refusal(of path: String, code: Int32) -> SettingsError {
    switch code {
    case EISDIR: refusal(of: path, "is a directory")
    case EACCES, EPERM: refusal(of: path, "cannot be read: permission denied")
    case ENOTDIR: refusal(of: path, "cannot be read: a part of the path is not a directory")
    case ELOOP: refusal(of: path, "cannot be read: too many symbolic links")
    default: refusal(of: path, "cannot be read: system error \(code)")
    }
  }
}
