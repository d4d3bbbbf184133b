/// Turns a compressed message into what it was (RFC 7692 section 6.2).
protocol MessageInflater: Sendable {
  /// The message that `payload` holds.
  ///
  /// - Throws: 1007 where it is no DEFLATE data, 1009 where it holds more than `bytesMax`.
  func inflate(_ payload: [UInt8], bytesMax: Int) throws(WebSocketFault) -> [UInt8]
}
