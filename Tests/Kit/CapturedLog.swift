import FanfareRuntime
import Logging

/// The lines that a server under test has logged.
package final class CapturedLog: Sendable {
  private let captured = Locked<[String]>([])

  package init() {}

  package var lines: [String] { captured.withLock { $0 } }

  package var logger: Logger {
    Logger(label: "test") { _ in Handler(log: self) }
  }

  private func append(_ line: String) { captured.withLock { $0.append(line) } }

  private struct Handler: LogHandler {
    let log: CapturedLog
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.debug

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
      get { metadata[key] }
      set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
      let all = metadata.merging(event.metadata ?? [:]) { $1 }.sorted { $0.key < $1.key }
      let pairs = all.map { " \($0.key)=\($0.value)" }.joined()
      log.append("\(event.level) \(event.message)\(pairs)")
    }
  }
}
