/// How much workers are to do together. Used on the loop alone.
final class JobQuota: @unchecked Sendable {
  /// Jobs still to be leased.
  var left: Int
  var leased = 0
  /// Jobs whose success was taken.
  var done = 0
  /// When the last was.
  var last: UInt64 = 0

  init(_ count: Int) { left = count }
}
