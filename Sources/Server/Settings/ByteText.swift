/// Numbers of bytes as settings write them: `65536`, `64KiB`, `1MiB`, `1GiB`.
enum ByteText {
  private static let units = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("", 1)]

  /// The bytes that `text` names, or nil if it does not name any.
  static func bytes(_ text: String) -> Int? {
    for (suffix, unit) in units where text.hasSuffix(suffix) {
      let digits = text.dropLast(suffix.count)
      return DecimalDigits.value(of: digits, max: .max / unit).map { $0 * unit }
    }
    return nil
  }

  /// The shortest text that names so many bytes exactly.
  static func text(_ bytes: Int) -> String {
    guard bytes != 0 else { return "0" }
    for (suffix, unit) in units where bytes.isMultiple(of: unit) {
      return "\(bytes / unit)\(suffix)"
    }
    return "\(bytes)"
  }
}
