/// Walks through the lines of an NDJSON body.
///
/// Lines end with LF or CR LF; the last one may lack its end. Lines of nothing but white space are
/// passed over but counted, so that a number is the one an editor shows. Lines come one at a time,
/// so that a body of a million of them costs nothing once its reader has had enough.
struct NDJSONLines {
  private var offset = 0
  private var number = 0

  /// The next line that is not blank, or nil at the end.
  ///
  /// - Parameter body: the same bytes at every call.
  mutating func next(in body: Span<UInt8>) -> NDJSONLine? {
    while offset < body.count {
      let start = offset
      var end = start
      while end < body.count, body[end] != 0x0A { end += 1 }
      offset = end + 1
      number += 1
      if end < body.count, end > start, body[end - 1] == 0x0D { end -= 1 }
      let line = body.extracting(0..<end)
      if JSONScanner.skipWhiteSpace(in: line, from: start) < end {
        return NDJSONLine(number: number, range: start..<end)
      }
    }
    return nil
  }
}
