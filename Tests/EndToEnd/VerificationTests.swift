import FanfareRuntime
import FanfareServer
import FanfareTestKit
import Testing

/// What a verification finds, in this process.
@Suite struct VerificationTests {
  /// Every follower has all that was acknowledged, and yet not all is well again.
  @Test func aNodeThatTakesNoPublishIsAFault() async throws {
    let backplane = ScriptedBackplane()
    try await ServerUnderTest.run(over: backplane) { server in
      var verification = Verification(nodes: [try ServerURL("http://127.0.0.1:\(server.port)")])
      verification.followers = 6
      verification.channels = 2
      verification.convergence = .seconds(1)
      let well = try await verification.run {}
      #expect(well.faults.isEmpty && well.acknowledged > 0, "\(well.faults)")
      let report = try await verification.run { backplane.becomes(.failing(.unavailable)) }
      #expect(
        report.faults.contains { $0.contains("takes no publish when all is well again") },
        "\(report.faults)")
    }
  }
}
