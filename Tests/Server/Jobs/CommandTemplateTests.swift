import FanfareRuntime
import FanfareTestKit
import Testing

@testable import FanfareServer

/// Placeholders of commands, and what jobs may put in their places.
@Suite struct CommandTemplateTests {
  private func fill(_ exec: [String], _ arguments: String) throws -> [String] {
    try CommandTemplate(exec).filled(from: Array(arguments.utf8))
  }

  private func problem(_ exec: [String], _ arguments: String = "{}") -> String? {
    do {
      _ = try fill(exec, arguments)
      return nil
    } catch let fault as CommandTemplate.Fault {
      return fault.problem
    } catch {
      return "\(error)"
    }
  }

  @Test func fillsStringsAndNumbers() throws {
    let exec = ["git", "clone", "--depth={depth}", "{url}", "a{url}b{depth}", ""]
    let words = try fill(exec, #"{"url":"https://x/é \"q\"","depth":1.50,"other":[1]}"#)
    let url = "https://x/é \"q\""
    #expect(words == ["git", "clone", "--depth=1.50", url, "a\(url)b1.50", ""])
    #expect(try fill(["true"], "[1,2]") == ["true"], "what is not asked for may be anything")
    #expect(try fill(["echo", "{a}"], #"{"a":""}"#) == ["echo", ""])
  }

  @Test func doubledBracesAreBraces() throws {
    #expect(try fill(["x", #"{{"a":"{a}"}"#], #"{"a":7}"#) == ["x", #"{"a":"7"}"#])
    #expect(try fill(["x", "{{{a}}"], #"{"a":7}"#) == ["x", "{7}"])
    #expect(try fill(["x", "}{{a}"], "{}") == ["x", "}{a}"])
  }

  @Test func whatAJobMayNotBringIsNamed() {
    let exec = ["run", "{a}"]
    #expect(problem(exec, "{}") == #"args lack "a""#)
    #expect(problem(exec, "[]") == #"args must be an object with "a""#)
    for value in ["true", "null", "[1]", #"{"b":1}"#] {
      #expect(problem(exec, #"{"a":\#(value)}"#) == #""a" of args must be a string or a number"#)
    }
    for value in [#""--upload-pack=evil""#, #""-""#, "-5", #""\u002dx""#, #""-\u0301x""#] {
      #expect(problem(exec, #"{"a":\#(value)}"#) == #""a" of args must not begin with -"#)
      #expect(problem(["run", "n={a}"], #"{"a":\#(value)}"#) != nil, "nowhere")
    }
    #expect(problem(exec, #"{"a":"x\u0000y"}"#) == #""a" of args holds a zero byte"#)
    let long = String(repeating: "x", count: CommandTemplate.elementBytesMax)
    #expect(problem(exec, #"{"a":"\#(long)"}"#) == nil)
    #expect(problem(exec, #"{"a":"\#(long)x"}"#)?.contains("131071 bytes") == true)
  }

  @Test func whatIsNoCommandIsRefused() {
    #expect(problem([]) == "no program")
    #expect(problem([""]) == "no program")
    #expect(problem(["{a}"])?.contains("in place of the program") == true)
    #expect(problem(["a{b}"])?.contains("in place of the program") == true)
    #expect(problem(["a", "{b"])?.contains("nothing closes") == true)
    #expect(problem(["a", "{}"])?.contains("no name") == true)
    #expect(problem(["a", "{b c}"])?.contains("no name") == true)
    #expect(problem(["a", "b\0c"]) == "a zero byte")
  }

  /// Whatever a job brings, it is one argument, in its place.
  @Test(arguments: 1...20) func aValueStaysOneArgument(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    for _ in 0..<200 {
      let value = random.text(of: "a b;|&$`'\"\\\n{}*?<>é-", count: 0...12)
      var writer = JSONWriter()
      writer.beginObject()
      writer.key("a")
      writer.string(value)
      writer.endObject()
      let template = try CommandTemplate(["p", "{a}", "x{a}y"])
      if value.utf8.first == UInt8(ascii: "-") {
        #expect(throws: CommandTemplate.Fault.self) { try template.filled(from: writer.bytes) }
      } else {
        #expect(try template.filled(from: writer.bytes) == ["p", value, "x\(value)y"])
      }
    }
  }

  @Test func aTaskSaysWhatIsWrongWithIt() throws {
    func member(_ change: (inout CommandTask) -> Void) -> String? {
      var task = CommandTask(queue: "git_queue", exec: ["git", "{url}"])
      change(&task)
      do throws(CommandTask.Fault) {
        try task.validate()
        return nil
      } catch {
        return error.member
      }
    }
    #expect(member { _ in } == nil)
    #expect(member { $0.queue = "a b" } == "queue")
    #expect(member { $0.exec = [] } == "exec")
    #expect(member { $0.environment = ["HOME", "A=", "A=b=c", "_x9=1"] } == nil)
    for entry in ["", "=a", "A B=1", "A-B", "A=\0"] {
      #expect(member { $0.environment = [entry] } == "environment", "\(entry)")
    }
    #expect(member { $0.timeout = .zero } == "timeout")
    for match in ["(", "x", "(a)(b)(c)(d)", "(?<total>a)", "(?<x>a)(b)"] {
      #expect(member { $0.progress = .init(match: match) } == "progress.match", "\(match)")
    }
    for match in ["(a)", "(a)(b)", "(a)(b)(c)", "(?<current>a)", "(x)(?<message>b)(?<current>a)"] {
      #expect(member { $0.progress = .init(match: match) } == nil, "\(match)")
    }
  }
}
