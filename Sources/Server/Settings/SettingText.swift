/// The value of a setting as its source wrote it, not yet understood.
enum SettingText: Sendable, Equatable {
  case one(String)
  case many([String])

  /// The text as the environment and flags write it: a list with commas, an empty one as nothing.
  init(line: String, isList: Bool) {
    guard isList else {
      self = .one(line)
      return
    }
    let entries = line.split(separator: ",", omittingEmptySubsequences: false).map { entry in
      String(entry.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
    self = .many(entries == [""] ? [] : entries)
  }

  /// The text on one line, as the environment and flags write it.
  var line: String {
    switch self {
    case .one(let text): text
    case .many(let texts): texts.joined(separator: ",")
    }
  }
}
