/// What Redis answers, as RESP2 carries it.
package enum RedisValue: Sendable, Equatable {
  case null
  case integer(Int64)
  /// A simple string, such as `OK`.
  case status(String)
  /// An error reply. Its first word says which: `ERR`, `GENERATION`, `LOADING`…
  case error(String)
  case bytes([UInt8])
  case array([RedisValue])
}
