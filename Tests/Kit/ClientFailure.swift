/// Why a test client could not go on.
package enum ClientFailure: Error, Sendable, Equatable {
  /// The deadline passed while waiting for what is named.
  case timedOut(String)
  /// The server closed the connection before what is named.
  case closed(String)
  /// The server reset the connection.
  case reset
  /// The system reported this error number in that call.
  case system(String, Int32)
  /// The server said something that breaks its protocol.
  case malformed(String)
}
