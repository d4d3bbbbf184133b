import FanfareRuntime
import FanfareTestKit
import Glibc
import Testing

/// A foreign descriptor on a real loop.
@Suite struct DescriptorWatchTests {
  /// Keeps what it is told. Loop-confined, but for the test's looks through the loop.
  private final class Owner: DescriptorWatchDelegate {
    var watch: DescriptorWatch?
    var seen: [DescriptorWatch.Readiness] = []
    var isLoopEnded = false
    /// What is watched for after the next news.
    var then: DescriptorWatch.Readiness = []

    func descriptorIsReady(_ readiness: DescriptorWatch.Readiness) {
      seen.append(readiness)
      watch?.watch(for: then)
    }

    func descriptorLoopEnded() { isLoopEnded = true }
  }

  private struct Scene {
    let group: LoopGroup
    let owner: LoopConfined<Owner>
    let near: Int32
    let far: Int32

    /// Two ends of a line, the near one on the loop.
    init() async throws {
      var ends: [Int32] = [-1, -1]
      try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
      (near, far) = (ends[0], ends[1])
      group = try LoopGroup.start(count: 1)
      owner = LoopConfined(Owner(), to: group.loops[0])
      let (loop, owner, near) = (group.loops[0], owner, near)
      let made = await loop.run {
        Result { () throws(RuntimeError) in
          owner.get.watch = try DescriptorWatch(near, on: loop, delegate: owner.get)
        }
      }
      try made.get()
    }

    func run<Value: Sendable>(_ body: @escaping @Sendable (Owner) -> Value) async -> Value {
      let owner = owner
      return await group.loops[0].run { body(owner.get) }
    }

    func end() async {
      await group.stop()
      Glibc.close(near)
      if far >= 0 { Glibc.close(far) }
    }
  }

  @Test func tellsWhatIsWatchedAndNothingElse() async throws {
    let scene = try await Scene()
    // A line with room is writable at once; nothing is watched yet.
    #expect(await scene.run { $0.seen } == [])
    await scene.run { $0.watch?.watch(for: .writable) }
    #expect(await Deadline().holds { await scene.run { $0.seen } == [.writable] })
    await scene.run { owner in
      owner.seen = []
      owner.watch?.watch(for: .readable)
    }
    #expect(write(scene.far, "x", 1) == 1)
    #expect(await Deadline().holds { await scene.run { $0.seen } == [.readable] })
    await scene.end()
  }

  @Test func aClosedWatchIsSilent() async throws {
    let scene = try await Scene()
    await scene.run { owner in
      owner.watch?.watch(for: .readable)
      owner.watch?.close()
      owner.watch?.watch(for: [.readable, .writable])
    }
    #expect(write(scene.far, "x", 1) == 1)
    // The loop looks at its descriptors at least once between two posts from outside.
    for _ in 0..<20 { await scene.run { _ in } }
    #expect(await scene.run { $0.seen } == [])
    await scene.end()
    #expect(scene.owner.loop.index == 0)
  }

  @Test func theEndOfTheLoopIsToldAndClosesNothing() async throws {
    let scene = try await Scene()
    await scene.run { $0.watch?.watch(for: .readable) }
    await scene.group.stop()
    // The loop's thread has ended; what is run on it now is run by another in its place.
    #expect(await scene.run { $0.isLoopEnded })
    #expect(fcntl(scene.near, F_GETFD) >= 0)
    Glibc.close(scene.near)
    Glibc.close(scene.far)
  }

  @Test func aLoopThatHasEndedTakesNoMore() async throws {
    let scene = try await Scene()
    await scene.group.stop()
    let (loop, owner, near) = (scene.group.loops[0], scene.owner, scene.near)
    let made = await loop.run {
      Result { () throws(RuntimeError) in
        owner.get.watch = try DescriptorWatch(near, on: loop, delegate: owner.get)
      }
    }
    #expect(throws: RuntimeError.self) { try made.get() }
    Glibc.close(scene.near)
    Glibc.close(scene.far)
  }

  /// Libraries write by calls that raise it when the peer has gone.
  @Test func noWriteOnALoopEndsTheProcess() async throws {
    let group = try LoopGroup.start(count: 1)
    let isBlocked = await group.loops[0].run {
      var signals = sigset_t()
      pthread_sigmask(SIG_BLOCK, nil, &signals)
      return sigismember(&signals, SIGPIPE) == 1
    }
    #expect(isBlocked)
    await group.stop()
  }

  /// A refused connection is what libuv calls an error of the descriptor, and watches no more.
  @Test func aFailedDescriptorIsReadyForAll() async throws {
    let group = try LoopGroup.start(count: 1)
    let loop = group.loops[0]
    let owner = LoopConfined(Owner(), to: loop)
    let descriptor = socket(
      AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    // Nobody listens on the discard port of this machine.
    address.sin_port = UInt16(9).bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let code = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    #expect(code != 0)
    await loop.run {
      owner.get.watch = try? DescriptorWatch(descriptor, on: loop, delegate: owner.get)
      owner.get.watch?.watch(for: .writable)
    }
    let all: DescriptorWatch.Readiness = [.readable, .writable]
    #expect(await Deadline().holds { await loop.run { owner.get.seen.first == all } })
    await group.stop()
    Glibc.close(descriptor)
  }
}
