import FanfareActors
import FanfareRuntime
import Logging

/// Writes each log record as one line to the standard error stream: for people, or as JSON.
///
/// Records are cut at ``lineBytesMax``. No record of Fanfare's own holds a token or a payload.
struct LineLogHandler: LogHandler {
  static let lineBytesMax = 4_096

  let label: String
  let format: LogFormat
  var logLevel = Logger.Level.info
  var metadata = Logger.Metadata()

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    var bytes: [UInt8] = []
    // Most handlers have none of their own, and every step of every job may be a line.
    let all =
      metadata.isEmpty
      ? event.metadata ?? [:] : metadata.merging(event.metadata ?? [:]) { $1 }
    switch format {
    case .text: Self.writeText(event, all, to: &bytes)
    case .json: Self.writeJSON(event, all, to: &bytes)
    }
    StandardError.write(bytes)
  }

  // Every step of every job may be a line: a text is taken as it is, without an interpolation.
  private static func text(of value: Logger.MetadataValue) -> String {
    if case .string(let text) = value { text } else { "\(value)" }
  }

  private static func word(for level: Logger.Level) -> String {
    switch level {
    case .trace: "TRACE"
    case .debug: "DEBUG"
    case .info: "INFO"
    case .notice: "NOTICE"
    case .warning: "WARNING"
    case .error: "ERROR"
    case .critical: "CRITICAL"
    }
  }

  private static func writeText(
    _ event: LogEvent, _ metadata: Logger.Metadata, to bytes: inout [UInt8]
  ) {
    Timestamp.append(milliseconds: StandardError.wallMilliseconds(), to: &bytes)
    bytes.append(UInt8(ascii: " "))
    bytes.append(contentsOf: word(for: event.level).utf8)
    bytes.append(UInt8(ascii: " "))
    bytes.append(contentsOf: event.message.description.utf8)
    for (key, value) in metadata.sorted(by: { $0.key < $1.key }) {
      let text = text(of: value)
      let isPlain =
        !text.isEmpty && text.utf8.allSatisfy { (0x21...0x7e).contains($0) && $0 != 0x22 }
      bytes.append(UInt8(ascii: " "))
      bytes.append(contentsOf: key.utf8)
      bytes.append(UInt8(ascii: "="))
      if isPlain {
        bytes.append(contentsOf: text.utf8)
      } else {
        // Quoted as in JSON, so that nothing a peer sent begins a line of its own.
        JSONWriter.appendJSONString(text, to: &bytes)
      }
    }
    if bytes.count > lineBytesMax { bytes.removeLast(bytes.count - lineBytesMax) }
    bytes.append(0x0A)
  }

  private static func writeJSON(
    _ event: LogEvent, _ metadata: Logger.Metadata, to bytes: inout [UInt8]
  ) {
    var time: [UInt8] = []
    Timestamp.append(milliseconds: StandardError.wallMilliseconds(), to: &time)
    var writer = JSONWriter()
    writer.beginObject()
    writer.member("time", String(decoding: time, as: UTF8.self))
    writer.member("level", event.level.rawValue)
    writer.member("message", "\(event.message)")
    for (key, value) in metadata.sorted(by: { $0.key < $1.key }) {
      // A cut in the middle would end the JSON, so the members are cut instead.
      let text = text(of: value)
      guard writer.bytes.count + text.utf8.count < lineBytesMax else { break }
      writer.member(key, text)
    }
    writer.endObject()
    bytes = writer.bytes
    bytes.append(0x0A)
  }
}

extension Logger {
  /// The logger of a server with these settings.
  static func fanfare(_ settings: Settings) -> Logger {
    var logger = Logger(label: "fanfare") { label in
      LineLogHandler(label: label, format: settings.logFormat)
    }
    logger.logLevel = settings.logLevel
    return logger
  }
}
