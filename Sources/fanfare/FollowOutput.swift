import FanfareRuntime
import FanfareServer

/// Prints what a follower learns: events to the standard output, all else as notes to the standard
/// error stream, and then keeps the cursor.
actor FollowOutput {
  enum Outcome {
    case goesOn
    /// As many events as were wanted have been printed.
    case enough
    /// Nobody reads the events any more.
    case closed
  }

  nonisolated let unownedExecutor: UnownedSerialExecutor
  private let thread = BlockingThread("output")
  private let format: EventFormat
  private let cursorFile: CursorFile?
  /// The events still wanted; nil for all.
  private var wanted: Int?
  private var lines: [UInt8] = []
  private var cursor: String?

  init(_ format: EventFormat, wanted: Int?, cursorFile: CursorFile?) {
    unownedExecutor = thread.asUnownedSerialExecutor()
    self.format = format
    self.wanted = wanted
    self.cursorFile = cursorFile
  }

  /// Prints `news` in its order. The cursor is kept after what it follows has been written.
  func print(_ news: [FollowerNews]) throws(CommandFailure) -> Outcome {
    for item in news {
      switch item {
      case .event(let event):
        lines += format.line(event)
        cursor = event.cursor
        wanted = wanted.map { $0 - 1 }
        if wanted == 0 { return try flush() ? .enough : .closed }
      case .cursor(let text): cursor = text
      case .attached, .gap, .degraded, .restored, .bye, .apart, .over:
        guard try flush() else { return .closed }
        for note in Self.notes(item) { Self.tell(note) }
      }
    }
    return try flush() ? .goesOn : .closed
  }

  private func flush() throws(CommandFailure) -> Bool {
    switch StandardOutput.write(lines) {
    case .written: lines = []
    case .closed: return false
    case .failed(let code):
      throw CommandFailure(
        .outputFailed, "the output cannot be written: \(SystemErrorText.of(code))")
    }
    if let cursor, let cursorFile { try cursorFile.save(cursor) }
    cursor = nil
    return true
  }

  // MARK: Notes

  private static func notes(_ item: FollowerNews) -> [String] {
    switch item {
    case .event, .cursor: []
    case .attached(let channels): channels.map(attached)
    case .gap(let missed): ["gap \(missed.channel), \(hole(missed))"]
    case .degraded: ["degraded: the server cannot promise continuity just now"]
    case .restored: ["restored"]
    case .bye(let reason): ["bye \(reason)"]
    case .apart(let error, let delay):
      ["apart: \(error); connecting again in \(SecondsText.of(delay))"]
    case .over: ["over: nothing will follow"]
    }
  }

  private static func attached(_ channel: AttachedChannel) -> String {
    var parts = ["attached \(channel.channel) \(channel.verdict)"]
    if let replayed = channel.replayed { parts.append("\(replayed) replayed") }
    if let missed = channel.missed { parts.append(hole(missed)) }
    parts.append("at \(channel.position)")
    return parts.joined(separator: ", ")
  }

  private static func hole(_ missed: MissedEvents) -> String {
    "\(missed.count) missed (\(missed.from) to \(missed.to))"
  }

  private static func tell(_ note: String) {
    // A server's words reach the terminal without control characters.
    let shown = note.unicodeScalars.map { scalar in
      scalar.properties.generalCategory == .control ? " " : String(scalar)
    }
    StandardError.write(Array("# \(shown.joined())\n".utf8))
  }
}
