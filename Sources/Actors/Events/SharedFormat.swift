/// A wire format as all connections of a loop that speak it hold it: by one reference, where the
/// format itself would take 40 bytes of each. Loop-confined.
final class SharedFormat {
  let format: any WireFormat
  /// That of ``format``.
  let identity: Int16

  init(_ format: any WireFormat) {
    self.format = format
    identity = Int16(format.identity)
  }
}
