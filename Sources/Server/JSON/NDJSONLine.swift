/// A line of an NDJSON body that is not blank.
struct NDJSONLine: Equatable {
  /// Its number, counted from 1, blank lines counted too.
  let number: Int
  /// Where it lies, without its line end.
  let range: Range<Int>
}
