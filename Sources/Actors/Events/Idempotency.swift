import FanfareRuntime

/// What makes two publishes the same: who publishes, and the name they gave the publish. The
/// channel is the third part; each channel knows its own keys.
public struct IdempotencyKey: Sendable, Hashable {
  /// Who publishes; empty without authentication.
  public let subject: String
  /// The publisher's name for this publish.
  public let key: String

  /// The key `key` of `subject`.
  public init(subject: String, key: String) {
    self.subject = subject
    self.key = key
  }

  func fingerprint(of drafts: [Draft]) -> UInt64 {
    var hash = StableHash()
    for draft in drafts {
      hash.combine(draft.type.text.utf8)
      hash.combine(0)
      hash.combine(draft.data)
      hash.combine(0)
    }
    return hash.value
  }

  /// The key of one slice of a publish. Its fingerprint is of the whole, so that another body is
  /// noticed with the first slice, and of the cut, which nodes with other limits make elsewhere.
  func publishKey(slice number: Int, _ range: Range<Int>, _ fingerprint: UInt64) -> PublishKey {
    var hash = StableHash()
    for value in [fingerprint, UInt64(range.lowerBound), UInt64(range.upperBound)] {
      for shift in stride(from: 0, to: 64, by: 8) {
        hash.combine(UInt8(truncatingIfNeeded: value >> UInt64(shift)))
      }
    }
    return PublishKey(
      name: Array(subject.utf8) + [0x1F] + Array(key.utf8) + Array("/\(number)".utf8),
      fingerprint: hash.value)
  }
}
