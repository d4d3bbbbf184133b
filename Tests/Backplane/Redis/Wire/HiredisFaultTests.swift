import FanfareBackplane
import FanfareRuntime
import FanfareTestKit
import Testing

/// The link by hiredis while Redis, or the way to it, is not well.
@Suite struct HiredisFaultTests {
  private static let short = Duration.milliseconds(300)

  @Test func aKilledServerEndsTheLinkAfterItsReplies() async throws {
    let redis = try await RedisServer.start()
    let link = try await TestLink.open(redis.url)
    redis.pause()
    await link.on { ear in for number in 0..<3 { ear.send(number, "PING") } }
    redis.kill()
    let end = try #require(await link.ends())
    #expect(!end.isFinal)
    #expect(
      await link.news == [
        .opened, .reply(0, .failure(end)), .reply(1, .failure(end)), .reply(2, .failure(end)),
        .ended(end),
      ])
    // What is sent afterwards fails too, and later.
    await link.on { $0.send(3, "PING") }
    #expect(await link.hears { $0.last == .reply(3, .failure(end)) })
    await link.stop()
  }

  @Test func aStoppedServerEndsTheLinkForWantOfAnAnswer() async throws {
    let redis = try await RedisServer.start()
    let link = try await TestLink.open(redis.url, answerTimeout: Self.short)
    let feed = try await TestLink.open(redis.url, .feed, answerTimeout: Self.short)
    await feed.on { $0.subscribe(["a"]) }
    #expect(await feed.hears { $0.contains(.subscribed("a")) })
    redis.pause()
    await link.on { $0.send(0, "PING") }
    #expect(await link.ends()?.reason.hasPrefix("no answer within") == true)
    // Nothing was asked of the feed: it asks for a sign of life by itself.
    #expect(await feed.ends()?.reason.hasPrefix("no answer within") == true)
    redis.resume()
    await link.stop()
    await feed.stop()
  }

  /// An idle link is left alone, and one that is answered in time lives.
  @Test func silenceAloneEndsNothing() async throws {
    let redis = try await RedisServer.start()
    let link = try await TestLink.open(redis.url, answerTimeout: Self.short)
    let feed = try await TestLink.open(redis.url, .feed, answerTimeout: Self.short)
    await feed.on { $0.subscribe(["a"]) }
    let began = ContinuousClock.now
    #expect(await Deadline().holds { ContinuousClock.now - began > Self.short * 4 })
    await link.on { $0.send(0, "PING") }
    try redis.probe().run("PUBLISH", "a", "still")
    #expect(await link.hears { $0.last == .reply(0, .success(.status("PONG"))) })
    #expect(await feed.hears { $0.count == 3 })
    #expect(await feed.news == [.opened, .subscribed("a"), .message("still", on: "a")])
    await link.stop()
    await feed.stop()
  }

  @Test func clientKillEndsTheLink() async throws {
    let redis = try await RedisServer.start()
    let link = try await TestLink.open(redis.url)
    let feed = try await TestLink.open(redis.url, .feed)
    let probe = try redis.probe()
    try probe.run("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
    try probe.run("CLIENT", "KILL", "TYPE", "pubsub")
    #expect(await link.ends() == RedisLost("Redis closed the connection"))
    #expect(await feed.ends() == RedisLost("Redis closed the connection"))
    await link.stop()
    await feed.stop()
  }

  @Test func anOverrunOutputBufferEndsTheFeed() async throws {
    let redis = try await RedisServer.start([
      "--client-output-buffer-limit", "pubsub 65536 0 0",
    ])
    let feed = try await TestLink.open(redis.url, .feed)
    await feed.on { $0.subscribe(["a"]) }
    #expect(await feed.hears { $0.contains(.subscribed("a")) })
    let probe = try redis.probe()
    // In one go: nothing leaves for the socket before the whole script is over.
    try probe.run(
      "EVAL",
      "local x = string.rep('x', 1000000) for i = 1, 40 do redis.call('PUBLISH', 'a', x) end",
      "0")
    let end = try #require(await feed.ends())
    #expect(!end.isFinal)
    await feed.stop()
  }

  // MARK: Never opened

  private func failure(_ url: RedisURL, timeout: Duration = .seconds(10)) async throws -> RedisLost
  {
    let link = try await TestLink(
      url, connectTimeout: timeout, atOnce: { $0.send(0, "PING") })
    let end = try #require(await link.ends())
    #expect(await link.news == [.reply(0, .failure(end)), .ended(end)])
    await link.stop()
    return end
  }

  @Test func aRefusedPortIsTold() async throws {
    let redis = try await RedisServer.start()
    redis.stop()
    let end = try await failure(redis.url)
    #expect(end == RedisLost("127.0.0.1:\(redis.port): Connection refused"))
  }

  @Test func aNameThatDoesNotResolveIsTold() async throws {
    let name = String(repeating: "a", count: 64) + ".invalid"
    let end = try await failure(RedisURL(host: name))
    #expect(end.reason.hasPrefix("resolve \(name): ") && !end.isFinal, "\(end)")
  }

  /// `localhost` is often `::1` first, where Redis may not listen.
  @Test func everyAddressOfANameIsTried() async throws {
    let redis = try await RedisServer.start()
    let link = try await TestLink.open(RedisURL(host: "localhost", port: redis.port))
    await link.stop()
  }

  @Test func whoNeverAnswersIsGivenUp() async throws {
    let redis = try await RedisServer.start()
    redis.pause()
    let end = try await failure(redis.url, timeout: Self.short)
    #expect(end.reason.hasPrefix("connected, but no answer within"), "\(end)")
  }

  @Test func wrongPasswordsAreFinalAndNeverTold() async throws {
    let redis = try await RedisServer.start(
      ["--user", "ann", "on", ">sesame", "~*", "&*", "+@all"], password: "secret")
    var url = RedisURL(host: "127.0.0.1", port: redis.port)
    #expect(try await failure(url) == RedisLost("Redis asks for a password", isFinal: true))
    for (user, password) in [(nil, "wrong"), ("ann", "secret"), ("bob", "sesame")] {
      (url.user, url.password) = (user, password)
      let end = try await failure(url)
      #expect(
        end == RedisLost("wrong user or password, or the user is disabled", isFinal: true))
    }
    (url.user, url.password) = ("ann", "sesame")
    let link = try await TestLink.open(url)
    await link.on { $0.send(0, "ACL", "WHOAMI") }
    #expect(await link.hears { $0.last == .reply(0, .success(.bytes(Array("ann".utf8)))) })
    await link.stop()
  }

  @Test func aPasswordThatRedisDoesNotHaveIsFinal() async throws {
    let redis = try await RedisServer.start()
    var url = redis.url
    url.password = "secret"
    let end = try await failure(url)
    #expect(end == RedisLost("a password was given, but Redis has none set", isFinal: true))
  }

  /// A server without the command says what it was given.
  @Test func noErrorRepeatsThePassword() async throws {
    let redis = try await RedisServer.start(["--rename-command", "AUTH", "OTHER"])
    var url = redis.url
    url.password = "secret"
    let end = try await failure(url)
    #expect(end == RedisLost("Redis refused with ERR"))
  }

  @Test func aDatabaseThatIsNotThereIsFinal() async throws {
    let redis = try await RedisServer.start()
    var url = redis.url
    url.database = 99
    let end = try await failure(url)
    #expect(
      end == RedisLost("database 99: ERR DB index is out of range", isFinal: true))
  }

  @Test func aUserWithoutANameIsWelcome() async throws {
    let redis = try await RedisServer.start(["--user", "ann", "on", ">sesame", "~*", "&*", "+ping"])
    var url = redis.url
    (url.user, url.password) = ("ann", "sesame")
    let link = try await TestLink.open(url)
    await link.stop()
  }

  @Test func aFullServerIsToldAndMayHaveRoomLater() async throws {
    let redis = try await RedisServer.start(["--maxclients", "1"])
    // The one that asked whether the server was up may not have left yet.
    var only: RedisProbe?
    let isAlone = await Deadline().holds {
      only = try? redis.probe()
      return (try? only?.run("PING")) == .status("PONG")
    }
    #expect(isAlone)
    defer { only?.close() }
    let end = try await failure(redis.url)
    #expect(end == RedisLost("ERR max number of clients reached"))
  }

  @Test func aSubscriptionThatIsNotAllowedEndsTheFeed() async throws {
    let redis = try await RedisServer.start([
      "--user", "ann", "on", ">sesame", "~*", "&mine", "+@all",
    ])
    var url = redis.url
    (url.user, url.password) = ("ann", "sesame")
    let feed = try await TestLink.open(url, .feed)
    await feed.on { $0.subscribe(["other"]) }
    #expect(await feed.ends()?.reason.hasPrefix("NOPERM ") == true)
    await feed.stop()
  }

  /// Commands are answered with what they deserve while Redis loads; the link is open.
  @Test func aLoadingServerAnswersSo() async throws {
    let redis = try await RedisServer.start(["--appendonly", "yes"])
    let probe = try redis.probe()
    try probe.run(
      "EVAL", "for i = 1, 50000 do redis.call('SET', 'k' .. i, i) end", "0",
      deadline: Deadline(.seconds(60)))
    try await redis.restart(
      ["--appendonly", "yes", "--key-load-delay", "1000"], answering: false)
    let link = try await TestLink.open(redis.url)
    await link.on { $0.send(0, "GET", "k1") }
    #expect(await link.hears { $0.count == 2 })
    #expect(try await link.replies[0].result.get().text?.hasPrefix("LOADING ") == true)
    await link.stop()
    redis.kill()
  }
}
