/// A position as the load side compares it.
struct StreamPosition {
  let offset: UInt64
  /// A hash of the epoch's text (FNV-1a).
  let epoch: UInt64
}
