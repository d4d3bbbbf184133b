import FanfareServer
import Foundation
import Testing

/// `fanfare config` and `fanfare version` as processes.
@Suite(.timeLimit(.minutes(10)))
struct ConfigCommandTests {
  @Test func printsTheSettingsInEffect() async throws {
    try await CommandSandbox.withDirectory { directory in
      let file = directory.appendingPathComponent("fanfare.yaml")
      try Data("log: {level: debug, format: json}\n".utf8).write(to: file)
      let process = try FanfareProcess(
        ["config", "check", "--config", file.path, "--set", "log.format=text", "loops=3"])
      #expect(try await process.status() == 0)
      let wanted = try Settings.load(
        file: "/dev/null", environment: [:],
        overrides: [("log.level", "debug"), ("loops", "3")])
      let text = process.output.lines.joined(separator: "\n") + "\n"
      #expect(text == wanted.describe())
      #expect(process.errors.lines == [])
    }
  }

  @Test(arguments: [
    (["--config", "/nonexistent/fanfare.yaml"], "config"),
    (["--set", "log.level=loud"], "log.level"),
    (["--set", "log.lvel=info"], "log.lvel"), (["--set", "heartbeat=1y"], "heartbeat"),
  ])
  func tellsInOneLineWhatIsWrong(arguments: [String], key: String) async throws {
    let process = try FanfareProcess(["config", "check"] + arguments)
    #expect(try await process.status() == 78)
    #expect(process.errors.lines.count == 1)
    #expect(process.errors.lines.first?.hasPrefix("fanfare: \(key): ") == true)
    #expect(process.output.lines == [])
  }

  @Test func printsTheReference() async throws {
    let process = try FanfareProcess(["config", "reference"])
    #expect(try await process.status() == 0)
    #expect(process.output.lines.joined(separator: "\n") + "\n" == ConfigReference.markdown)
  }

  @Test func printsTheVersion() async throws {
    let process = try FanfareProcess(["version"])
    #expect(try await process.status() == 0)
    #expect(process.output.lines == ["fanfare \(FanfareVersion.text)"])
  }

  @Test func everyCommandExplainsItselfWithExamples() async throws {
    for command in [
      [], ["serve"], ["publish"], ["follow"], ["verify"], ["config"], ["config", "check"],
      ["config", "reference"], ["version"],
    ] {
      let process = try FanfareProcess(command + ["--help"])
      #expect(try await process.status() == 0)
      #expect(process.output.lines.contains("EXAMPLES:"), "\(command)")
    }
  }
}
