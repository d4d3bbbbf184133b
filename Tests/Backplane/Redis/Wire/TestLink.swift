import FanfareBackplane
import FanfareRuntime
import FanfareTestKit
import Testing

/// A link by hiredis on a loop of its own, and all that it said, in order.
struct TestLink: Sendable {
  enum News: Equatable, Sendable {
    case opened
    case ended(RedisLost)
    case subscribed(String)
    case message(String, on: String)
    /// The reply to the command of this number.
    case reply(Int, Result<RedisValue, RedisLost>)
  }

  /// Loop-confined.
  final class Ear: RedisLinkDelegate {
    var link: (any RedisLink)?
    var news: [News] = []
    var isCalling = false
    /// What is done after each news.
    var then: (Ear, News) -> Void = { _, _ in }

    func hear(_ each: News) {
      #expect(!isCalling, "told before the call that asked for it had returned: \(each)")
      news.append(each)
      then(self, each)
    }

    func linkOpened(_ link: any RedisLink) { hear(.opened) }
    func link(_ link: any RedisLink, ended reason: RedisLost) { hear(.ended(reason)) }

    func link(_ link: any RedisLink, subscribed channel: [UInt8]) {
      hear(.subscribed(String(decoding: channel, as: UTF8.self)))
    }

    func link(_ link: any RedisLink, received message: [UInt8], on channel: [UInt8]) {
      hear(
        .message(
          String(decoding: message, as: UTF8.self), on: String(decoding: channel, as: UTF8.self)))
    }

    func send(_ number: Int, _ words: String...) {
      send(number, words.map { Array($0.utf8) })
    }

    func send(_ number: Int, _ command: [[UInt8]]) {
      let wasCalling = isCalling
      isCalling = true
      link?.send(command) { self.hear(.reply(number, $0)) }
      isCalling = wasCalling
    }

    func subscribe(_ channels: [String]) { link?.subscribe(channels.map { Array($0.utf8) }) }
    func unsubscribe(_ channels: [String]) { link?.unsubscribe(channels.map { Array($0.utf8) }) }
  }

  let group: LoopGroup
  let ear: LoopConfined<Ear>

  /// Begins to connect.
  ///
  /// - Parameters:
  ///   - atOnce: what is done in the same turn.
  ///   - then: what is done after each news.
  init(
    _ url: RedisURL, _ purpose: RedisPurpose = .commands,
    connectTimeout: Duration = Deadline.patience, answerTimeout: Duration = Deadline.patience,
    atOnce: (@Sendable (Ear) -> Void)? = nil, then: (@Sendable (Ear, News) -> Void)? = nil
  ) async throws {
    group = try LoopGroup.start(count: 1)
    let loop = group.loops[0]
    ear = LoopConfined(Ear(), to: loop)
    let connector = HiredisConnector(
      url: url, connectTimeout: connectTimeout, answerTimeout: answerTimeout)
    await on { ear in
      if let then { ear.then = then }
      ear.isCalling = true
      ear.link = connector.connect(purpose, on: loop, delegate: ear)
      ear.isCalling = false
      atOnce?(ear)
    }
  }

  /// Begins to connect and waits until the link is open.
  static func open(
    _ url: RedisURL, _ purpose: RedisPurpose = .commands,
    answerTimeout: Duration = Deadline.patience
  ) async throws -> TestLink {
    let link = try await TestLink(url, purpose, answerTimeout: answerTimeout)
    let isOpen = await link.hears { $0.contains(.opened) }
    try #require(isOpen)
    return link
  }

  @discardableResult
  func on<Value: Sendable>(_ body: @escaping @Sendable (Ear) -> Value) async -> Value {
    let ear = ear
    return await group.loops[0].run { body(ear.get) }
  }

  var news: [News] { get async { await on { $0.news } } }

  /// How it ended, once it has.
  var end: RedisLost? {
    get async {
      for each in await news { if case .ended(let lost) = each { return lost } }
      return nil
    }
  }

  /// Waits until the news are as `condition` says.
  func hears(
    within time: Duration = Deadline.patience, _ condition: @Sendable ([News]) -> Bool
  ) async -> Bool {
    await Deadline(time).holds { condition(await news) }
  }

  /// Waits until the link has ended.
  func ends() async -> RedisLost? {
    _ = await Deadline().holds { await end != nil }
    return await end
  }

  /// The replies so far, in the order in which they came.
  var replies: [(number: Int, result: Result<RedisValue, RedisLost>)] {
    get async {
      await news.compactMap { each in
        if case .reply(let number, let result) = each { (number, result) } else { nil }
      }
    }
  }

  func stop() async { await group.stop() }
}
