import FanfareRuntime
import FanfareTestKit
import Testing

/// Names asked for on a real loop, answered from this machine alone.
@Suite struct NameResolverTests {
  private final class Asker {
    var resolver: NameResolver?
    var answers: [Result<[String], RuntimeError>] = []
    var isInside = false
  }

  private func ask(
    _ host: String, cancels: Bool = false
  ) async throws -> [Result<[String], RuntimeError>] {
    let group = try LoopGroup.start(count: 1)
    let loop = group.loops[0]
    let asker = LoopConfined(Asker(), to: loop)
    let asked = await loop.run {
      Result { () throws(RuntimeError) in
        asker.get.isInside = true
        asker.get.resolver = try NameResolver(host, port: 6_379, on: loop) { answer in
          #expect(!asker.get.isInside, "answered before the question was asked")
          asker.get.answers.append(answer.map { $0.map(\.text) })
        }
        asker.get.isInside = false
        if cancels { asker.get.resolver?.cancel() }
      }
    }
    try asked.get()
    if !cancels {
      #expect(await Deadline().holds { await loop.run { !asker.get.answers.isEmpty } })
    }
    // The end of the loop waits for what is under way.
    await group.stop()
    return await loop.run { asker.get.answers }
  }

  @Test func numbersAndTheLocalNameHaveAddresses() async throws {
    #expect(try await ask("127.0.0.1") == [.success(["127.0.0.1:6379"])])
    #expect(try await ask("::1") == [.success(["[::1]:6379"])])
    let local = try #require(try await ask("localhost").first).get()
    #expect(local.contains("127.0.0.1:6379"))
  }

  @Test func aNameThatIsNoneIsAnError() async throws {
    // Too long a label to be asked of anybody.
    let name = String(repeating: "a", count: 64) + ".invalid"
    let answers = try await ask(name)
    try #require(answers.count == 1)
    #expect(throws: RuntimeError.self) { try answers[0].get() }
  }

  @Test func whatIsCanceledIsNotAnswered() async throws {
    #expect(try await ask("127.0.0.1", cancels: true) == [])
  }

  @Test func theEndOfTheLoopAnswersWhatIsUnderWay() async throws {
    let group = try LoopGroup.start(count: 1)
    let loop = group.loops[0]
    let asker = LoopConfined(Asker(), to: loop)
    await loop.run {
      for _ in 0..<50 {
        _ = try? NameResolver("127.0.0.1", port: 1, on: loop) { answer in
          asker.get.answers.append(answer.map { $0.map(\.text) })
        }
      }
    }
    await group.stop()
    #expect(await loop.run { asker.get.answers.count } == 50)
  }
}
