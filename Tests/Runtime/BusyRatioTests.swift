import FanfareRuntime
import Testing

/// What a loop does in the callbacks of its sockets is work, and happens now.
@Suite struct BusyRatioTests {
  /// Works for a while on every input, and keeps what it saw.
  final class Worker: StreamDelegate {
    /// How old the loop's time was in each callback.
    var ages: [Duration] = []

    func streamHasInput(_ stream: Stream) {
      stream.consume(stream.inputCount)
      let seen = stream.loop.now
      ages.append(stream.loop.refreshNow() - seen)
      while stream.loop.refreshNow() - seen < .milliseconds(30) {}
    }

    func streamIsWritable(_ stream: Stream) {}
    func streamEnded(_ stream: Stream, _ end: StreamEnd) {}
  }

  /// Writes a byte every so often.
  final class Client: StreamDelegate, TimerTarget {
    var stream: Stream?

    func streamIsWritable(_ stream: Stream) {
      self.stream = stream
      timerFired()
    }

    func timerFired() {
      guard let stream else { return }
      let byte: [UInt8] = [0]
      _ = stream.send(byte.span)
      _ = stream.loop.schedule(after: .milliseconds(90), self)
    }

    func streamHasInput(_ stream: Stream) {}
    func streamEnded(_ stream: Stream, _ end: StreamEnd) {}
  }

  private final class Scene {
    var listener: Listener?
    let worker = Worker()
  }

  @Test func callbacksOfSocketsAreBusyAndOnTime() async throws {
    let group = try LoopGroup.start(count: 2)
    let scene = LoopConfined(Scene(), to: group.loops[0])
    let client = LoopConfined(Client(), to: group.loops[1])
    let address = try SocketAddress.resolve(host: "127.0.0.1", port: 0)
    let listening = await group.loops[0].run {
      Result { () throws(RuntimeError) in
        let listener = try Listener(
          address, on: group.loops[0], accepted: { $0.delegate = scene.get.worker },
          failed: { _ in })
        scene.get.listener = listener
        return listener.address ?? address
      }
    }
    let bound = try listening.get()
    let connected = await group.loops[1].run {
      Result { () throws(RuntimeError) in
        _ = try Stream.connect(to: bound, on: group.loops[1], delegate: client.get)
      }
    }
    try connected.get()
    try await Task.sleep(for: .milliseconds(2_300))
    let (busy, ages) = await group.loops[0].run {
      (group.loops[0].busyRatio, scene.get.worker.ages.sorted())
    }
    // 30 ms of work in about 100.
    #expect(busy > 0.15, "busy \(busy)")
    // The median: the machine may hold up any single one.
    #expect(ages.count > 5 && ages[ages.count / 2] < .milliseconds(25), "ages \(ages)")
    await group.stop()
  }
}
