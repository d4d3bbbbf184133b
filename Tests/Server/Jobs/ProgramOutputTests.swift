import FanfareActors
import FanfareRuntime
import FanfareTestKit
import Testing

@testable import FanfareServer

/// What the output of programs means, without a program.
@Suite struct ProgramOutputTests {
  private static let objectBytesMax = 256 * 1024

  private func lines(_ texts: [String], takesObjects: Bool = false) -> [OutputLines.Line] {
    var splitter = OutputLines(
      objectBytesMax: takesObjects ? Self.objectBytesMax : OutputLines.bytesMax)
    var lines: [OutputLines.Line] = []
    for text in texts { lines += splitter.lines(completedBy: Array(text.utf8)) }
    if let rest = splitter.rest() { lines.append(rest) }
    return lines
  }

  private func texts(_ lines: [OutputLines.Line]) -> [String] {
    lines.map { String(decoding: $0.bytes, as: UTF8.self) }
  }

  // MARK: Lines

  @Test func linesEndWithLineFeedReturnOrBoth() {
    #expect(texts(lines(["a\nb\rc\r\nd\n\ne"])) == ["a", "b", "c", "d", "", "e"])
    #expect(texts(lines(["a\r", "\nb\n"])) == ["a", "b"])
    #expect(texts(lines(["\r\n\r\n"])) == ["", ""])
    #expect(lines([""]).isEmpty)
  }

  /// However the bytes are cut on their way, the lines are the same; and they are bounded.
  @Test(arguments: 1...60) func cutsDoNotMatter(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    var bytes: [UInt8] = []
    for _ in 0..<random.int(1...60) {
      let isLong = random.isOne(in: 12)
      bytes += Array(
        random.text(of: "ab{}é ", count: isLong ? 7_000...10_000 : 0...20).utf8)
      bytes += random.pick([[0x0A], [0x0D], [0x0D, 0x0A], [0x0A, 0x0A], []])
    }
    let takesObjects = random.isOne(in: 2)
    var whole = OutputLines(
      objectBytesMax: takesObjects ? Self.objectBytesMax : OutputLines.bytesMax)
    var expected = whole.lines(completedBy: bytes)
    if let rest = whole.rest() { expected.append(rest) }
    var cut = OutputLines(objectBytesMax: takesObjects ? Self.objectBytesMax : OutputLines.bytesMax)
    var found: [OutputLines.Line] = []
    var rest = bytes[...]
    while !rest.isEmpty {
      let slice = rest.prefix(random.isOne(in: 3) ? 1 : random.int(1...4_000))
      found += cut.lines(completedBy: Array(slice))
      rest = rest.dropFirst(slice.count)
    }
    if let line = cut.rest() { found.append(line) }
    #expect(found == expected)
    for line in found where !(takesObjects && line.bytes.first == UInt8(ascii: "{")) {
      #expect(line.bytes.count <= OutputLines.bytesMax)
      #expect(line.cutBytes == 0 || line.bytes.count == OutputLines.bytesMax)
    }
    // Nothing is lost or made up but line ends.
    let total = found.reduce(0) { $0 + $1.bytes.count + $1.cutBytes }
    #expect(total == bytes.count { $0 != 0x0A && $0 != 0x0D })
  }

  @Test func theLogKeepsTheNewest() {
    var log = LogBuffer()
    #expect(log.isEmpty)
    for number in 0..<10_000 {
      log.append(OutputLines.Line(bytes: Array("line \(number)".utf8)))
      #expect(log.bytesCount <= LogBuffer.bytesMax)
    }
    let text = String(decoding: log.take(), as: UTF8.self)
    #expect(text.hasPrefix("["))
    #expect(text.hasSuffix("line 9998\nline 9999\n"))
    let left = text.split(separator: " ").first?.dropFirst().description ?? ""
    let whole = (0..<10_000).reduce(0) { $0 + "line \($1)\n".utf8.count }
    let mark = "[\(left) bytes left out]\n".utf8.count
    #expect(Int(left) == whole - (text.utf8.count - mark))
    #expect(log.isEmpty)
    log.append(OutputLines.Line(bytes: Array("x".utf8), cutBytes: 7))
    #expect(String(decoding: log.take(), as: UTF8.self) == "x [7 more bytes]\n")
  }

  // MARK: Progress

  @Test func groupsSayHowFarItIs() throws {
    let git = "Receiving objects:  45% (450/1000), 1.2 MiB | 2 MiB/s"
    for (match, current, total) in [
      (#"(\d+)% \((\d+)/(\d+)\)"#, 450.0, 1_000.0 as Double?), (#"\((\d+)/(\d+)\)"#, 450, 1_000),
      (#"(\d+)%"#, 45, 100), (#"(?<current>\d+)/(?<total>\d+)"#, 450, 1_000),
      (#"(?<current>\d+)/"#, 450, nil),
    ] {
      let progress = try #require(try ProgressPattern(match).progress(in: git), "\(match)")
      #expect(progress.current == current)
      #expect(progress.total == total)
    }
    let pattern = try ProgressPattern(#"(\d+)% \((\d+)/(\d+)\)"#)
    #expect(pattern.progress(in: git)?.message == "Receiving objects")
    #expect(pattern.progress(in: "done") == nil)
    let named = try ProgressPattern(#"(?<message>\w+)=(?<current>[\d.]+)"#)
    let found = named.progress(in: "at step=2.5")
    #expect(found == JobProgress(current: 2.5, total: nil, message: "step"))
    // What is found and is no number tells nothing.
    #expect(try ProgressPattern("(a)").progress(in: "a") == nil)
    let long = try ProgressPattern(#"(\d+)%"#)
      .progress(in: String(repeating: "x", count: 5_000) + " 5%")
    #expect(long?.message?.utf8.count == 200)
  }

  private func output(_ from: CommandTask.Source, _ match: String) -> ProgramOutput {
    ProgramOutput(CommandTask.Progress(from: from, match: match), resultBytesMax: 1_000)
  }

  @Test func progressIsLookedForWhereItIsSaidToBe() {
    let both = lines(["1%\nwords\n2%\r"])
    for (source, counts) in [
      (CommandTask.Source.stdout, (true, false)), (.stderr, (false, true)), (.both, (true, true)),
    ] {
      var said = output(source, "([0-9]+)%")
      let output = said.output(both)
      #expect(output.progress?.current == (counts.0 ? 2 : nil))
      #expect(texts(output.log) == (counts.0 ? ["words"] : ["1%", "words", "2%"]))
      let errors = said.errors(both)
      #expect(errors.progress?.current == (counts.1 ? 2 : nil))
    }
  }

  // MARK: Lines of JSON

  @Test func objectsSpeak() {
    var said = ProgramOutput(nil, resultBytesMax: 1_000)
    let news = said.output(
      lines([
        #"{"progress":{"current":1,"total":4,"message":"one"}}"#, "\n", "plain\n",
        #"{"progress":{"current":2}}"#, "\n", #"{"usage":{"tokens":7,"cost":0.5,"model":"m"}}"#,
        "\n", #"{"checkpoint":[1,2]}"#, "\n", #"{"result":{"a":1},"usage":{"tokens":9}}"#, "\n",
        #"{"other":1}"#, "\n{broken\n", #"{"progress":"half"}"#, "\n",
      ]))
    #expect(news.progress == JobProgress(current: 2))
    #expect(news.usage?.tokens == 9)
    #expect(news.checkpoint == Array("[1,2]".utf8))
    #expect(said.result == Array(#"{"a":1}"#.utf8))
    #expect(texts(news.log) == ["plain", #"{"other":1}"#, "{broken", #"{"progress":"half"}"#])
    #expect(said.resultFault == nil)
    // The standard error stream is for people.
    let errors = said.errors(lines([#"{"result":5}"#]))
    #expect(errors.log.count == 1)
    #expect(said.result == Array(#"{"a":1}"#.utf8))
  }

  /// As of workers over HTTP.
  @Test func aUsageThatCannotBeIsRemarked() {
    var said = ProgramOutput(nil, resultBytesMax: 1_000)
    let long = String(repeating: "x", count: JobUsage.bytesMax)
    for (usage, remark) in [
      (#"{"tokens":-1}"#, "usage: Give tokens as a number from 0 to 1000000000000."),
      (#"{"cost":"1"}"#, "usage: Give cost as a number from 0 to 1000000000000."),
      (#"{"duration":1e99}"#, "usage: Give duration as a number from 0 to 1000000000000."),
      (#"{"model":"\#(long)"}"#, "usage: Give at most 4096 bytes."),
    ] {
      let news = said.output(lines([#"{"usage":\#(usage)}"#], takesObjects: true))
      #expect(news.usage == nil && texts(news.log) == [remark], "\(texts(news.log))")
    }
    let made = JobUsage(tokens: -5, cost: .infinity, duration: -0.5)
    #expect(made.tokens == 0 && made.cost == nil && made.duration == 0)
    #expect(made.json == Array(#"{"tokens":0,"duration":0}"#.utf8))
  }

  @Test func aResultThatIsTooLongIsNotDroppedInSilence() {
    for length in [1_100, Self.objectBytesMax + 1_000] {
      var said = ProgramOutput(nil, resultBytesMax: 1_000)
      let text = #"{"result":""# + String(repeating: "x", count: length) + #""}"#
      let news = said.output(lines([text + "\n"], takesObjects: true))
      #expect(news.log.isEmpty)
      #expect(said.result == nil)
      #expect(said.resultFault == "its result has more than 1000 bytes")
    }
  }

  @Test func theLastWordsOfAProgramAreItsError() {
    var said = ProgramOutput(nil, resultBytesMax: 1_000)
    for number in 1...9 { _ = said.errors(lines(["line \(number)\n"])) }
    #expect(said.lastWords == "line 5\nline 6\nline 7\nline 8\nline 9")
    let failed = ProgramEnding.failure(of: "git", .status(128), lastWords: said.lastWords)
    #expect(failed?.error.hasPrefix("git ended with status 128: line 5") == true)
    #expect(failed?.mayRetry == true)
    #expect(ProgramEnding.failure(of: "git", .status(0), lastWords: "x") == nil)
    for (ending, mayRetry) in [
      (Subprocess.Ending.status(1), true), (.status(69), true), (.status(75), true),
      (.signal(9), true), (.status(64), false), (.status(78), false), (.status(126), false),
      (.status(127), false),
    ] {
      #expect(ProgramEnding.failure(of: "p", ending, lastWords: "")?.mayRetry == mayRetry)
    }
  }
}
