import FanfareActors
import FanfareRuntime
import FanfareServer
import Glibc

/// Publishes lines in batches as they come, and tells how far it got.
struct LinePublishing {
  /// The channels that are told apart in the summary.
  private static let channelsMax = 100_000
  /// Shorter work shows no progress.
  private static let progressDelay = Duration.seconds(1)
  private static let progressInterval = Duration.milliseconds(200)

  private let input: InputReader
  private let publisher: ClientPublisher
  private let source: String
  private let channel: ChannelName?
  private let printsPositions: Bool
  private let clock = ContinuousClock()
  private let begin: ContinuousClock.Instant
  private var shown: ContinuousClock.Instant
  private var showsProgress = false
  private var published = 0
  /// By their hashes, which are a seventh of their names.
  private var channels: Set<UInt64> = []

  init(
    _ input: InputReader, _ publisher: ClientPublisher, source: String, channel: ChannelName?,
    printsPositions: Bool
  ) {
    self.input = input
    self.publisher = publisher
    self.source = source
    self.channel = channel
    self.printsPositions = printsPositions
    begin = clock.now
    shown = begin
  }

  /// Publishes all lines.
  ///
  /// - Throws: ``CommandFailure`` that names the first line that is not published.
  mutating func run() async throws(CommandFailure) {
    do throws(CommandFailure) {
      try await publishAll()
    } catch {
      summarize()
      throw error
    }
    summarize()
  }

  private mutating func publishAll() async throws(CommandFailure) {
    var batch = EventBatch()
    while true {
      let piece = try await input.lines()
      for (number, text) in piece.lines {
        let line: EventLine
        do {
          line = try EventLine(text, number: number, channel: channel)
        } catch {
          return try await end(error, after: batch)
        }
        if batch.append(line) { continue }
        try await send(batch)
        batch = EventBatch()
        _ = batch.append(line)
      }
      if let fault = piece.fault { return try await end(fault, after: batch) }
      if piece.isEnd || piece.pauses {
        try await send(batch)
        batch = EventBatch()
      }
      if piece.isEnd { return }
    }
  }

  /// Publishes what stands before a line that cannot be.
  private mutating func end(
    _ fault: EventLineFault, after batch: EventBatch
  ) async throws(CommandFailure) {
    try await send(batch)
    throw CommandFailure(.badData, "\(source) \(fault)")
  }

  /// Publishes a batch. What the server refuses for its size is divided; what it refuses for one
  /// line is published up to that line.
  private mutating func send(_ batch: EventBatch) async throws(CommandFailure) {
    guard let first = batch.lines.first, let last = batch.lines.last else { return }
    let positions: [String]
    do {
      positions = try await publisher.publish(batch)
    } catch {
      guard case .refused(let refusal) = error, !error.mayPass else {
        throw unconfirmed(error, first.number...last.number)
      }
      let isItsOwn = batch.lines.count == 1 && [400, 413, 422].contains(refusal.status)
      if let line = refusal.line ?? (isItsOwn ? 1 : nil), line <= batch.lines.count {
        let bad = EventLineFault(line: batch.lines[line - 1].number, detail: refusal.detail)
        return try await end(bad, after: batch.prefix(line - 1))
      }
      guard refusal.status == 413 else { throw CommandFailure(error) }
      let half = batch.lines.count / 2
      try await send(batch.prefix(half))
      return try await send(batch.dropFirst(half))
    }
    count(batch, positions)
  }

  /// The server did not answer: what it has done with the lines is not known.
  private func unconfirmed(_ error: ClientError, _ lines: ClosedRange<Int>) -> CommandFailure {
    let failure = CommandFailure(error)
    let names =
      lines.count == 1
      ? "line \(lines.lowerBound) is" : "lines \(lines.lowerBound) to \(lines.upperBound) are"
    return CommandFailure(
      failure.status, "\(failure.line); \(source) \(names) not confirmed as published")
  }

  // MARK: Telling

  private mutating func count(_ batch: EventBatch, _ positions: [String]) {
    published += positions.count
    for line in batch.lines where channels.count < Self.channelsMax {
      channels.insert(line.channel.hash)
    }
    if printsPositions {
      _ = StandardOutput.write(positions.flatMap { Array("\($0)\n".utf8) })
    }
    showProgress()
  }

  private mutating func showProgress() {
    let now = clock.now
    guard now - begin >= Self.progressDelay, now - shown >= Self.progressInterval, isatty(2) == 1
    else { return }
    shown = now
    showsProgress = true
    let rate = Int(Double(published) / (now - begin).inSeconds)
    StandardError.write(Array("\r\(published) events, \(rate)/s\u{1B}[K".utf8))
  }

  private func summarize() {
    let events = published == 1 ? "1 event" : "\(published) events"
    let more = channels.count < Self.channelsMax ? "" : " or more"
    let names = channels.count == 1 ? "1 channel" : "\(channels.count)\(more) channels"
    let line = "published \(events) to \(names)\n"
    StandardError.write(Array(((showsProgress ? "\r\u{1B}[K" : "") + line).utf8))
  }
}
