import FanfareBackplane
import FanfareRuntime
import FanfareTestKit
import Testing

/// The link by hiredis against a real Redis that is well.
@Suite struct HiredisLinkTests {
  @Test func repliesComeInTheOrderOfSending() async throws {
    let redis = try await RedisServer.start()
    let link = try await TestLink.open(redis.url)
    await link.on { ear in
      for number in 0..<20_000 { ear.send(number, "ECHO", "\(number)") }
    }
    #expect(await link.hears { $0.count == 20_001 })
    let replies = await link.replies
    #expect(replies.map(\.number) == Array(0..<20_000))
    #expect(
      replies.allSatisfy { number, result in
        result == .success(.bytes(Array("\(number)".utf8)))
      })
    await link.stop()
  }

  @Test func everyKindOfReplyIsItself() async throws {
    let redis = try await RedisServer.start()
    let link = try await TestLink.open(redis.url)
    await link.on { ear in
      ear.send(0, "SET", "key", "")
      ear.send(1, "GET", "key")
      ear.send(2, "GET", "none")
      ear.send(3, "INCRBY", "number", "-9223372036854775808")
      ear.send(4, "HSET", "key", "field", "value")
      ear.send(5, "EVAL", "return {1, {'a', {}}, false, redis.status_reply('FINE')}", "0")
      ear.send(6, [Array("ECHO".utf8), [0, 13, 10, 36, 255]])
      ear.send(7, "LRANGE", "none", "0", "-1")
      ear.send(8, "NO-SUCH-COMMAND")
    }
    #expect(await link.hears { $0.count == 10 })
    let values = try await link.replies.map { try $0.result.get() }
    #expect(values[0] == .status("OK"))
    #expect(values[1] == .bytes([]))
    #expect(values[2] == .null)
    #expect(values[3] == .integer(.min))
    guard case .error(let text) = values[4] else { Issue.record("\(values[4])"); return }
    #expect(text.hasPrefix("WRONGTYPE "))
    #expect(
      values[5]
        == .array([
          .integer(1), .array([.bytes([0x61]), .array([])]), .null, .status("FINE"),
        ]))
    #expect(values[6] == .bytes([0, 13, 10, 36, 255]))
    #expect(values[7] == .array([]))
    #expect(values[8].text?.hasPrefix("ERR unknown command") == true)
    await link.stop()
  }

  @Test func largeValuesGoBothWays() async throws {
    let redis = try await RedisServer.start()
    let link = try await TestLink.open(redis.url)
    let large = (0..<(24 * 1024 * 1024)).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
    await link.on { ear in
      ear.send(0, [Array("SET".utf8), Array("large".utf8), large])
      ear.send(1, "GET", "large")
      ear.send(2, "PING")
    }
    #expect(await link.hears { $0.count == 4 })
    let values = try await link.replies.map { try $0.result.get() }
    let isWhole = values[1] == .bytes(large)
    #expect(isWhole)
    #expect(values[2] == .status("PONG"))
    await link.stop()
  }

  /// hiredis 0.14 reads arrays seven deep.
  @Test func nestingBeyondHiredisEndsTheLink() async throws {
    let redis = try await RedisServer.start()
    let link = try await TestLink.open(redis.url)
    await link.on { $0.send(0, "EVAL", "return {{{{{{{1}}}}}}}", "0") }
    #expect(await link.hears { $0.count == 2 })
    var nested = RedisValue.integer(1)
    for _ in 0..<7 { nested = .array([nested]) }
    #expect(try await link.replies[0].result.get() == nested)
    await link.on { $0.send(1, "EVAL", "return {{{{{{{{{1}}}}}}}}}", "0") }
    let end = try #require(await link.ends())
    #expect(end.reason.contains("depth"), "\(end)")
    #expect(!end.isFinal)
    await link.stop()
  }

  @Test func whatIsSentBeforeItOpensWaits() async throws {
    let redis = try await RedisServer.start()
    let url = RedisURL(host: "localhost", port: redis.port, database: 3)
    let link = try await TestLink(url)
    await link.on { $0.send(0, "CLIENT", "INFO") }
    #expect(await link.hears { $0.count == 2 })
    #expect(await link.news.first == .opened)
    let info = try #require(try await link.replies[0].result.get().text)
    #expect(info.contains("name=fanfare-commands ") && info.contains(" db=3 "), "\(info)")
    await link.stop()
  }

  @Test func tenThousandChannelsSubscribeInOneBurst() async throws {
    let redis = try await RedisServer.start()
    let link = try await TestLink.open(redis.url, .feed)
    let channels = (0..<10_000).map { "channel:\($0)" }
    await link.on { $0.subscribe(channels) }
    #expect(await link.hears { $0.count == 10_001 })
    #expect(Set(await link.news) == Set(channels.map { .subscribed($0) } + [.opened]))
    let probe = try redis.probe()
    let stats = try #require(try probe.run("INFO", "commandstats").text)
    #expect(stats.contains("cmdstat_subscribe:calls=1,"), "\(stats)")
    for number in 0..<10_000 {
      try probe.send(["PUBLISH", "channel:\(number)", "\(number)"].map { Array($0.utf8) })
    }
    #expect(await link.hears { $0.count == 20_001 })
    let messages = await link.news.dropFirst(10_001)
    #expect(
      Array(messages) == (0..<10_000).map { .message("\($0)", on: "channel:\($0)") })
    let other = try redis.probe()
    await link.on { $0.unsubscribe(channels) }
    #expect(
      try await Deadline().holds {
        try other.run("PUBSUB", "NUMSUB", "channel:9999").elements.last == .integer(0)
      })
    await link.stop()
  }

  /// Subscriptions and their ends cross in flight, down to none at all and up again.
  @Test(arguments: [1, 2, 3, 4, 5, 6] as [UInt64])
  func subscriptionsMayCrossTheirEnds(seed: UInt64) async throws {
    let redis = try await RedisServer.start()
    let link = try await TestLink.open(redis.url, .feed, answerTimeout: .milliseconds(150))
    var random = SeededGenerator(seed: seed)
    var wanted: Set<String> = []
    for _ in 0..<150 {
      // Often none is left, which is where RESP2 leaves the mode of a subscriber.
      let names = ["a", "b", "c"].filter { _ in Bool.random(using: &random) }
      let (start, end) = (
        names.filter { !wanted.contains($0) }, wanted.intersection(names).sorted()
      )
      wanted.formSymmetricDifference(names)
      await link.on { ear in
        ear.subscribe(start)
        ear.unsubscribe(end)
      }
      if Int.random(in: 0..<30, using: &random) == 0 {
        // Long enough for a sign of life to be asked for, in whichever mode.
        let before = try pings(redis)
        #expect(try await Deadline().holds { try pings(redis) > before })
      }
    }
    let probe = try redis.probe()
    for name in ["a", "b", "c"] {
      let count: Int64 = wanted.contains(name) ? 1 : 0
      #expect(
        try await Deadline().holds {
          try probe.run("PUBSUB", "NUMSUB", name).elements.last == .integer(count)
        })
    }
    await link.on { $0.subscribe(["last"]) }
    #expect(await link.hears { $0.last == .subscribed("last") })
    #expect(await link.end == nil)
    await link.stop()
  }

  private func pings(_ redis: RedisServer) throws -> Int {
    let stats = try redis.probe().run("INFO", "commandstats").text ?? ""
    guard
      let line = stats.split(whereSeparator: \.isNewline).first(where: {
        $0.hasPrefix("cmdstat_ping:")
      })
    else { return 0 }
    return Int(line.dropFirst("cmdstat_ping:calls=".count).prefix { $0 != "," }) ?? 0
  }

  @Test func aReplyMayCloseTheLink() async throws {
    let redis = try await RedisServer.start()
    let link = try await TestLink(
      redis.url, atOnce: { ear in for number in 0..<10 { ear.send(number, "PING") } }
    ) { ear, news in
      if case .reply(3, .success) = news { ear.link?.close() }
      // A link that has ended takes commands, and fails them.
      if case .reply(7, .failure) = news { ear.send(100, "PING") }
    }
    #expect(await link.hears { $0.count == 12 })
    let replies = await link.replies
    #expect(replies.map(\.number) == Array(0..<10) + [100])
    for (number, result) in replies {
      let expected: Result<RedisValue, RedisLost> =
        number <= 3 ? .success(.status("PONG")) : .failure(RedisLost("closed"))
      #expect(result == expected, "\(number)")
    }
    #expect(await link.end == nil)
    let probe = try redis.probe()
    #expect(
      try await Deadline().holds {
        try probe.run("CLIENT", "LIST").text?.contains("fanfare-") == false
      })
    await link.stop()
  }

  @Test func aMessageMayCloseTheLink() async throws {
    let redis = try await RedisServer.start()
    let link = try await TestLink(
      redis.url, .feed, atOnce: { $0.subscribe(["a"]) },
      then: { ear, news in if case .message = news { ear.link?.close() } })
    #expect(await link.hears { $0.contains(.subscribed("a")) })
    let probe = try redis.probe()
    try probe.run("EVAL", "for i = 1, 50 do redis.call('PUBLISH', 'a', i) end", "0")
    #expect(await link.hears { $0.count >= 3 })
    #expect(
      try await Deadline().holds {
        try probe.run("PUBSUB", "NUMSUB", "a").elements.last == .integer(0)
      })
    #expect(await link.news == [.opened, .subscribed("a"), .message("1", on: "a")])
    await link.stop()
  }

  @Test func closingWhileItConnectsIsSilent() async throws {
    let redis = try await RedisServer.start()
    let link = try await TestLink(
      redis.url,
      atOnce: { ear in
        ear.send(0, "PING")
        ear.link?.close()
        ear.link?.close()
      })
    #expect(await link.news == [.reply(0, .failure(RedisLost("closed")))])
    await link.stop()
    #expect(await link.news.count == 1)
  }

  @Test func theEndOfTheLoopFailsWhatIsPending() async throws {
    let redis = try await RedisServer.start()
    let link = try await TestLink.open(redis.url)
    redis.pause()
    await link.on { $0.send(0, "PING") }
    await link.stop()
    let lost = RedisLost("the loop has ended")
    #expect(await link.news == [.opened, .reply(0, .failure(lost)), .ended(lost)])
  }
}

extension TestLink.News: Hashable {
  func hash(into hasher: inout Hasher) { hasher.combine("\(self)") }
}
