import FanfareActors

/// What the lines of a program say: pure, and bounded.
struct ProgramOutput {
  /// The lines matched against a pattern, of those that come at once: the newest.
  private static let matchedMax = 128
  /// The lines kept for the error of a program that fails, and their bytes.
  private static let lastLinesMax = 5
  private static let lastBytesMax = 2_000

  /// What some lines came to.
  struct News {
    var progress: JobProgress?
    var checkpoint: [UInt8]?
    var usage: JobUsage?
    /// What is for the job's log.
    var log: [OutputLines.Line] = []
  }

  private let pattern: ProgressPattern?
  private let matchesOutput: Bool
  private let matchesErrors: Bool
  private(set) var result: [UInt8]?
  /// Why the result cannot be taken.
  private(set) var resultFault: String?
  private let resultBytesMax: Int
  private var lastErrors: [String] = []

  init(_ progress: CommandTask.Progress?, resultBytesMax: Int) {
    // A pattern that is none has been refused with the configuration.
    pattern = progress.flatMap { try? ProgressPattern($0.match) }
    matchesOutput = progress.map { $0.from != .stderr } ?? false
    matchesErrors = progress.map { $0.from != .stdout } ?? false
    self.resultBytesMax = resultBytesMax
  }

  /// The last lines of the standard error stream.
  var lastWords: String { lastErrors.joined(separator: "\n") }

  /// Lines of the standard output stream.
  mutating func output(_ lines: [OutputLines.Line]) -> News {
    var news = News()
    var others: [OutputLines.Line] = []
    for line in lines where !take(line, &news, &others) { others.append(line) }
    // What a program says in so many words counts more than what its lines look like.
    let matched = matchesOutput ? match(&others) : nil
    news.progress = news.progress ?? matched
    news.log = others
    return news
  }

  /// Lines of the standard error stream.
  mutating func errors(_ lines: [OutputLines.Line]) -> News {
    var news = News()
    var others = lines
    if matchesErrors { news.progress = match(&others) }
    for line in others.suffix(Self.lastLinesMax) where !line.bytes.isEmpty {
      lastErrors.append(
        String(decoding: line.bytes.prefix(Self.lastBytesMax / Self.lastLinesMax), as: UTF8.self))
    }
    lastErrors.removeFirst(max(0, lastErrors.count - Self.lastLinesMax))
    news.log = others
    return news
  }

  /// The newest progress in `lines`; those that tell progress are taken out.
  private func match(_ lines: inout [OutputLines.Line]) -> JobProgress? {
    guard let pattern else { return nil }
    var newest: JobProgress?
    for index in lines.indices.suffix(Self.matchedMax).reversed() {
      let text = String(decoding: lines[index].bytes, as: UTF8.self)
      guard let progress = pattern.progress(in: text) else { continue }
      if newest == nil { newest = progress }
      lines.remove(at: index)
    }
    return newest
  }

  // MARK: Lines of JSON

  /// Whether the line was an object that speaks to Fanfare. What could not be taken of it is
  /// remarked.
  private mutating func take(
    _ line: OutputLines.Line, _ news: inout News, _ remarks: inout [OutputLines.Line]
  ) -> Bool {
    guard line.bytes.first == UInt8(ascii: "{") else { return false }
    guard line.cutBytes == 0 else {
      // What begins as a result and is too long for one must not pass for none.
      guard line.bytes.starts(with: #"{"result""#.utf8) else { return false }
      resultFault = Self.tooLong(resultBytesMax)
      return true
    }
    guard let fields = JSONFields(line.bytes) else { return false }
    var isTaken = false
    if let progress = Self.progress(fields.raw("progress")) {
      news.progress = progress
      isTaken = true
    }
    if let usage = fields.object("usage") {
      do {
        news.usage = try JobUsage(usage.text)
      } catch {
        remarks.append(OutputLines.Line(bytes: Array("usage: \(error)".utf8)))
      }
      isTaken = true
    }
    if let checkpoint = fields.raw("checkpoint") {
      news.checkpoint = checkpoint
      isTaken = true
    }
    if let result = fields.raw("result") {
      let isFit = result.count <= resultBytesMax
      self.result = isFit ? result : nil
      resultFault = isFit ? nil : Self.tooLong(resultBytesMax)
      isTaken = true
    }
    return isTaken
  }

  private static func tooLong(_ bytesMax: Int) -> String {
    "its result has more than \(bytesMax) bytes"
  }

  private static func progress(_ json: [UInt8]?) -> JobProgress? {
    guard let fields = json.flatMap({ JSONFields($0) }), let current = fields.double("current")
    else { return nil }
    return JobProgress(
      current: current, total: fields.double("total"), message: fields.string("message"))
  }
}
