/// The key that somebody probably meant.
enum NearestKey {
  /// The nearest of `known`, or nil if none is near. The earlier of two that are as near wins.
  ///
  /// A key is also near when only its last name is right: `event-data` for `limits.event-data`.
  static func nearest(to text: String, among known: [String]) -> String? {
    let text = String(text.prefix(charactersMax))
    let near = max(1, min(3, text.count / 3))
    var best: (key: String, distance: Int)?
    for key in known {
      let distance = min(edits(text, key), edits(last(text), last(key)) + 2)
      if distance <= near, distance < best?.distance ?? .max { best = (key, distance) }
    }
    return best?.key
  }

  private static let charactersMax = 100

  private static func last(_ key: String) -> String {
    key.split(separator: ".").last.map(String.init) ?? key
  }

  /// How many letters must be put in, left out, changed or swapped with their neighbour to make one
  /// text of the other; upper and lower case are the same.
  private static func edits(_ first: String, _ second: String) -> Int {
    let (a, b) = (Array(first.lowercased()), Array(second.lowercased()))
    var rows = [Array(0...b.count)]
    for i in a.indices {
      var row = [i + 1]
      for j in b.indices {
        var least = min(rows[i][j + 1], row[j]) + 1
        least = min(least, rows[i][j] + (a[i] == b[j] ? 0 : 1))
        if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] {
          least = min(least, rows[i - 1][j - 1] + 1)
        }
        row.append(least)
      }
      rows.append(row)
    }
    return rows.last?.last ?? 0
  }
}
