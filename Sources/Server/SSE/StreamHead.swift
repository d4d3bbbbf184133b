import FanfareRuntime

/// How the answer of an event stream begins.
///
/// The body ends with the connection: chunk sizes around every event would buy nothing, because a
/// stream has no end that a client could wait for.
enum StreamHead {
  static let fields = [
    HeaderField("Content-Type", "text/event-stream"),
    HeaderField("Cache-Control", "no-cache, no-store, no-transform"),
    // nginx would hold events back without it.
    HeaderField("X-Accel-Buffering", "no"),
  ]

  /// Appends the head, the reconnection time and a first comment, so that proxies and clients see
  /// the stream before its first event.
  static func append(
    retry: Duration, cors: [HeaderField], date: String, to bytes: inout [UInt8]
  ) {
    ResponseHeadWriter.append(
      status: 200, fields: fields + cors + [HeaderField("Connection", "close")],
      framing: .none, date: date, to: &bytes)
    bytes.append(contentsOf: "retry: \(retry.milliseconds)\n\n: fanfare\n\n".utf8)
  }
}
