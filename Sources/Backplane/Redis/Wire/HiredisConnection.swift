import CHiredis
import FanfareRuntime
import Glibc

/// One asynchronous connection of hiredis, driven by a loop. The only file that touches hiredis.
///
/// hiredis calls back from within its own reading, and frees its context there. So what it says is
/// gathered first and told when it has returned: whoever hears it may close the connection at once.
///
/// Loop-confined.
final class HiredisConnection: DescriptorWatchDelegate {
  /// The bytes of one unfinished reply. Beyond it the connection ends.
  static let replyBytesMax = 256 * 1024 * 1024

  private let loop: EventLoop
  private var owner: (any HiredisConnectionOwner)?
  // Invariant: both are valid until hiredis calls `released()`, which it does before it frees a
  // context whatever the reason, and which takes them away.
  private var context: UnsafeMutablePointer<redisAsyncContext>?
  private var replyGuard: UnsafeMutablePointer<fanfare_guard>?
  private var watch: DescriptorWatch?
  private var wanted: DescriptorWatch.Readiness = []
  private var isConnected = false
  private var isConnectionTold = false
  private var isWriting = false
  private var isFlushPosted = false
  private var arrived: [RedisValue] = []
  private var end: String?

  /// Begins to connect to an address.
  ///
  /// - Parameter owner: held until the connection has ended or is closed; hears nothing before this
  ///   has returned.
  init(
    _ address: SocketAddress, on loop: EventLoop, owner: any HiredisConnectionOwner
  ) throws(RedisLost) {
    loop.preconditionOnLoop()
    self.loop = loop
    guard let host = address.host, let context = redisAsyncConnect(host, Int32(address.port))
    else { throw RedisLost("out of memory") }
    guard context.pointee.err == 0 else {
      let reason = String(cString: context.pointee.errstr)
      redisAsyncFree(context)
      throw RedisLost(reason)
    }
    // hiredis leaves it open for children.
    _ = fcntl(context.pointee.c.fd, F_SETFD, FD_CLOEXEC)
    do {
      watch = try DescriptorWatch(context.pointee.c.fd, on: loop, delegate: self)
    } catch {
      redisAsyncFree(context)
      throw RedisLost("\(error)")
    }
    guard let replyGuard = fanfare_guard_replies(context) else {
      watch?.close()
      redisAsyncFree(context)
      throw RedisLost("out of memory")
    }
    self.context = context
    self.replyGuard = replyGuard
    self.owner = owner
    hook(context)
  }

  private static func at(_ data: UnsafeMutableRawPointer?) -> HiredisConnection? {
    data.map { Unmanaged<HiredisConnection>.fromOpaque($0).takeUnretainedValue() }
  }

  private func hook(_ context: UnsafeMutablePointer<redisAsyncContext>) {
    // Unretained: the watch holds this object until `released()`.
    context.pointee.ev.data = Unmanaged.passUnretained(self).toOpaque()
    context.pointee.ev.addRead = { HiredisConnection.at($0)?.wants(.readable) }
    context.pointee.ev.delRead = { HiredisConnection.at($0)?.wantsNoMore(.readable) }
    context.pointee.ev.addWrite = { HiredisConnection.at($0)?.wantsToWrite() }
    context.pointee.ev.delWrite = { HiredisConnection.at($0)?.wantsNoMore(.writable) }
    context.pointee.ev.cleanup = { HiredisConnection.at($0)?.released() }
    redisAsyncSetConnectCallback(context) { context, status in
      guard status == REDIS_OK else { return }
      HiredisConnection.at(context?.pointee.ev.data)?.isConnected = true
    }
  }

  // MARK: Sending

  /// Adds a command to what is sent at the end of the turn. Returns false where hiredis does not
  /// send it: the connection has ended, or it unsubscribes where nothing is subscribed.
  func append(_ command: [[UInt8]]) -> Bool {
    guard let context else { return false }
    var bytes = RedisCommand.encoded(command)
    let count = bytes.count
    // hiredis looks for channels up to a NUL.
    bytes.append(0)
    return bytes.withUnsafeBufferPointer { buffer in
      buffer.withMemoryRebound(to: CChar.self) { text in
        redisAsyncFormattedCommand(
          context,
          { _, reply, data in
            // Without a reply it is only told that the connection ends, which is known elsewhere.
            guard let reply else { return }
            HiredisConnection.at(data)?.arrived.append(
              HiredisConnection.value(reply.assumingMemoryBound(to: redisReply.self)))
          }, Unmanaged.passUnretained(self).toOpaque(), text.baseAddress, count)
          == REDIS_OK
      }
    }
  }

  /// Adds a command for whose answer hiredis keeps no place: a `PING` among subscriptions, which is
  /// answered like a message.
  func appendUnanswered(_ command: [[UInt8]]) {
    guard let context else { return }
    let bytes = RedisCommand.encoded(command)
    let code = bytes.withUnsafeBufferPointer { buffer in
      buffer.withMemoryRebound(to: CChar.self) { text in
        redisAppendFormattedCommand(&context.pointee.c, text.baseAddress, bytes.count)
      }
    }
    if code == REDIS_OK { wantsToWrite() }
  }

  /// Writes go out once for all commands of a turn. Only what the kernel does not take waits for
  /// the socket.
  private func wantsToWrite() {
    guard isConnected, !isWriting else { return wants(.writable) }
    guard !isFlushPosted, !wanted.contains(.writable) else { return }
    let confined = LoopConfined(self, to: loop)
    isFlushPosted = loop.post { confined.get.flush() }
    if !isFlushPosted { wants(.writable) }
  }

  private func flush() {
    isFlushPosted = false
    write()
    tell()
  }

  private func write() {
    guard let context else { return }
    isWriting = true
    redisAsyncHandleWrite(context)
    isWriting = false
  }

  // MARK: Watching

  private func wants(_ readiness: DescriptorWatch.Readiness) {
    wanted.insert(readiness)
    watch?.watch(for: wanted)
  }

  private func wantsNoMore(_ readiness: DescriptorWatch.Readiness) {
    wanted.remove(readiness)
    watch?.watch(for: wanted)
  }

  func descriptorIsReady(_ readiness: DescriptorWatch.Readiness) {
    if readiness.contains(.readable), let context {
      redisAsyncHandleRead(context)
      checkSize()
    }
    if readiness.contains(.writable) { write() }
    if readiness.contains(.readable) { tell(heard: true) } else { tell() }
  }

  func descriptorLoopEnded() {
    free("the loop has ended")
    tell()
  }

  private func checkSize() {
    guard let context, context.pointee.c.reader.pointee.len > Self.replyBytesMax else { return }
    free("a reply of more than \(Self.replyBytesMax) bytes")
  }

  // MARK: Telling

  /// Tells what has been gathered. Outside hiredis, and after each step the owner may have closed.
  private func tell(heard: Bool = false) {
    if isConnected, !isConnectionTold {
      isConnectionTold = true
      owner?.connected()
    }
    if heard {
      var values: [RedisValue] = []
      swap(&values, &arrived)
      owner?.received(values)
    }
    guard let end, let owner else { return }
    self.owner = nil
    owner.ended(end)
  }

  /// The value of a reply, which hiredis frees after it. Its arrays lie at most seven deep.
  private static func value(_ reply: UnsafePointer<redisReply>) -> RedisValue {
    let bytes = UnsafeRawBufferPointer(start: reply.pointee.str, count: Int(reply.pointee.len))
    switch reply.pointee.type {
    case REDIS_REPLY_STRING: return .bytes(Array(bytes))
    case REDIS_REPLY_INTEGER: return .integer(reply.pointee.integer)
    case REDIS_REPLY_STATUS: return .status(String(decoding: bytes, as: UTF8.self))
    case REDIS_REPLY_ERROR: return .error(String(decoding: bytes, as: UTF8.self))
    case REDIS_REPLY_ARRAY:
      return .array(
        (0..<Int(reply.pointee.elements)).map { index in
          reply.pointee.element[index].map { value($0) } ?? .null
        })
    default: return .null
    }
  }

  // MARK: Ending

  /// Closes at once; the owner hears nothing more.
  func close() {
    owner = nil
    free("closed")
  }

  private func free(_ reason: String) {
    guard let context else { return }
    end = reason
    // Never from within hiredis, which would free later and then call what it has freed.
    redisAsyncFree(context)
  }

  /// hiredis' last word before it frees the context.
  private func released() {
    guard let context else { return }
    if end == nil { end = reason(context) }
    if let replyGuard { fanfare_unguard_replies(replyGuard) }
    self.context = nil
    replyGuard = nil
    watch?.close()
    watch = nil
  }

  private func reason(_ context: UnsafeMutablePointer<redisAsyncContext>) -> String {
    switch context.pointee.c.err {
    case REDIS_ERR_EOF: return "Redis closed the connection"
    case REDIS_ERR_OOM where replyGuard?.pointee.refused == 1:
      return "not Redis' protocol: a reply that nobody asked for, or of a shape that none has"
    case REDIS_ERR_PROTOCOL:
      return "not Redis' protocol: \(String(cString: context.pointee.errstr))"
    default:
      let words = context.pointee.errstr.map { String(cString: $0) } ?? ""
      return words.isEmpty ? "it failed" : words
    }
  }
}
