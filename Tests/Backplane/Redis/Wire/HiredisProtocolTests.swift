import FanfareBackplane
import FanfareRuntime
import FanfareTestKit
import Testing

/// The link by hiredis against peers that are no Redis, or one gone mad: whatever they say, the
/// process lives, and the link ends with a reason.
@Suite struct HiredisProtocolTests {
  /// Listens, and answers each connection by itself.
  final class Peer {
    var listener: Listener?
    var conversations: [Conversation] = []
  }

  /// Answers the first command as a greeting, and each after it with the same bytes: when it is
  /// whole, however it arrives.
  final class Conversation: StreamDelegate {
    private let bytes: [UInt8]
    private var heard = ""
    private var isGreeted = false

    init(_ bytes: [UInt8]) {
      self.bytes = bytes
    }

    func streamHasInput(_ stream: Stream) {
      heard += stream.withInput { input in
        String(decoding: input.indices.map { input[$0] }, as: UTF8.self)
      }
      stream.consume(stream.inputCount)
      while takesCommand() {
        // Loopback takes so little at once.
        _ = stream.send((isGreeted ? bytes : Array("+OK\r\n".utf8)).span)
        isGreeted = true
      }
    }

    private func takesCommand() -> Bool {
      let end: Character = "\r\n"
      let lines = heard.split(separator: end, omittingEmptySubsequences: false)
      guard let words = lines.first.flatMap({ Int($0.dropFirst()) }),
        lines.count > 2 * words + 1
      else { return false }
      heard = lines.dropFirst(2 * words + 1).joined(separator: String(end))
      return true
    }

    func streamIsWritable(_ stream: Stream) {}
    func streamEnded(_ stream: Stream, _ end: StreamEnd) { stream.close() }
  }

  private func talk(
    _ purpose: RedisPurpose, to bytes: String
  ) async throws -> (end: RedisLost?, news: [TestLink.News]) {
    let group = try LoopGroup.start(count: 1)
    let loop = group.loops[0]
    let peer = LoopConfined(Peer(), to: loop)
    let address = try SocketAddress.resolve(host: "127.0.0.1", port: 0)
    let port = await loop.run { () -> UInt16 in
      peer.get.listener = try? Listener(
        address, on: loop,
        accepted: { stream in
          let conversation = Conversation(Array(bytes.utf8))
          peer.get.conversations.append(conversation)
          stream.delegate = conversation
        }, failed: { _ in })
      return peer.get.listener?.address?.port ?? 0
    }
    let link = try await TestLink.open(RedisURL(host: "127.0.0.1", port: port), purpose)
    await link.on { ear in
      if purpose == .commands { ear.send(0, "PING") } else { ear.subscribe(["a"]) }
    }
    let end = await link.ends()
    let news = await link.news
    await link.stop()
    await group.stop()
    return (end, news)
  }

  @Test(arguments: [
    "HTTP/1.1 400 Bad Request\r\n\r\n", "*2\r\n:1\r\n:2\r\n:3\r\n", "+OK\r\n+OK\r\n",
    "*2000000000\r\n", "*1048577\r\n", "$99999999999999999999\r\n", ":12x\r\n", "\r\n",
    "\u{0}", "*-2\r\n", "$-7\r\n", String(repeating: "*1\r\n", count: 9) + ":1\r\n",
    "$3\r\nabcdef\r\n", "+OK\r\n*0\r\n", "+OK\r\n$-1\r\n", "+OK\r\n-ERR unasked\r\n",
  ])
  func strangeRepliesEndTheLink(bytes: String) async throws {
    let (end, news) = try await talk(.commands, to: bytes)
    let lost = try #require(end, "\(news)")
    #expect(!lost.isFinal && !lost.reason.isEmpty)
    // The one reply that was asked for, if it came whole, then the end.
    #expect(news.count == 3 && news.last == .ended(lost), "\(news)")
  }

  /// Each is something on which hiredis asserts, or nearly so.
  @Test(arguments: [
    "*1\r\n$1\r\na\r\n", "*0\r\n", "*2\r\n:1\r\n$1\r\na\r\n",
    "*3\r\n$9\r\nsubscribe\r\n$-1\r\n:1\r\n", "*3\r\n*0\r\n$1\r\na\r\n:1\r\n",
    "*3\r\n$11\r\nunsubscribe\r\n$1\r\na\r\n$1\r\nb\r\n",
    "*2\r\n$11\r\nunsubscribe\r\n$1\r\na\r\n",
    "*3\r\n$12\r\nPUNSUBSCRIBE\r\n$1\r\na\r\n*-1\r\n",
    "*3\r\n$13\r\nunsubscribe\0x\r\n$1\r\na\r\n+x\r\n",
    // Two ends of one subscription: the second belongs to no subscriber.
    "*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n*3\r\n$11\r\nunsubscribe\r\n$1\r\na\r\n:0\r\n"
      + "*3\r\n$11\r\nunsubscribe\r\n$1\r\na\r\n:0\r\n",
    "-NOPERM not yours\r\n",
  ])
  func strangeMessagesEndTheFeed(bytes: String) async throws {
    let (end, news) = try await talk(.feed, to: bytes)
    let lost = try #require(end, "\(news)")
    #expect(!lost.isFinal && !lost.reason.isEmpty)
  }

  @Test(arguments: [
    "+OK\r\n", ":5\r\n", "$-1\r\n", "*3\r\n$7\r\nmessage\r\n$1\r\nz\r\n:5\r\n",
    "*4\r\n$8\r\npmessage\r\n$1\r\nz\r\n$1\r\nz\r\n$1\r\nz\r\n", "*2\r\n$0\r\n\r\n$0\r\n\r\n",
  ])
  func whatMeansNothingIsIgnored(bytes: String) async throws {
    let (end, news) = try await talk(
      .feed,
      to: bytes + "*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n!\r\n")
    let lost = try #require(end, "\(news)")
    #expect(news == [.opened, .subscribed("a"), .ended(lost)])
  }
}
