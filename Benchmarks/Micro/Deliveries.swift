import CAllocations
import FanfareBackplane
import FanfareRuntime
import Glibc

@testable import FanfareActors
@testable import FanfareServer

/// What the event path allocates on its loop for followers on real sockets: for each event, and
/// for each delivery.
struct Deliveries {
  private static let few = 100
  private static let many = 900
  private static let events = 400
  /// Published before anything is counted: mailboxes and rings have their size then.
  private static let warmUpEvents = 600

  let transport: String
  let format: any WireFormat

  /// Allocations on the loop, by event and by delivery.
  struct Figures {
    let perEvent: Double
    let perDelivery: Double
  }

  /// What more followers cost is what deliveries cost; the rest is the event's.
  func measure() async throws -> Figures {
    let few = try await allocations(followers: Self.few)
    let many = try await allocations(followers: Self.many)
    let perDelivery = (many - few) / Double(Self.many - Self.few)
    return Figures(perEvent: few - perDelivery * Double(Self.few), perDelivery: perDelivery)
  }

  /// Allocations for each event.
  private func allocations(followers: Int) async throws -> Double {
    let group = try LoopGroup.start(count: 1)
    let loop = group.loops[0]
    let limits = Limits()
    let namespaces = Namespaces()
    let backplane = LocalBackplane(loops: group.loops, limits: limits, namespaces: namespaces)
    let hub = Hub(loops: group.loops, backplane: backplane, limits: limits, namespaces: namespaces)
    backplane.connect(to: hub)
    hub.start()
    guard let channel = ChannelName("project:42"), let type = EventType("load") else { return 0 }
    let crowd = LoopConfined(Crowd(), to: loop)
    let address = try SocketAddress.resolve(host: "127.0.0.1", port: 0)
    let hubLoop = hub.hubLoops[0]
    let format = format
    let listening = await loop.run { () -> Result<SocketAddress?, RuntimeError> in
      Result { () throws(RuntimeError) in
        try crowd.get.listen(address, on: loop) { stream in
          let subscriber = Subscriber(
            stream: stream, format: format, transport: .sse, fanout: hubLoop.fanout.get,
            owner: crowd.get)
          _ = subscriber.begin(
            greeting: [], [Follow(channel: channel, start: .live)], filter: nil)
        }
      }
    }
    let port = try listening.get()?.port ?? 0
    let sockets = (0..<followers).map { _ in Self.connect(port) }
    defer { for socket in sockets { close(socket) } }
    let draft = Draft(type: type, data: Array(repeating: 0x31, count: 200))
    func publish(_ count: Int) async throws {
      for _ in 0..<count { _ = try await hub.publish([draft], to: channel) }
    }
    while await loop.run({ hubLoop.fanout.get.snapshot().followers }) < UInt64(followers) {
      try await Task.sleep(for: .milliseconds(1))
    }
    try await publish(Self.warmUpEvents)
    drain(sockets)
    try await arrive(Self.warmUpEvents * followers, on: hubLoop, sockets)
    let before = await loop.run { allocations_of_thread() }
    try await publish(Self.events)
    try await arrive((Self.warmUpEvents + Self.events) * followers, on: hubLoop, sockets)
    let after = await loop.run { allocations_of_thread() }
    await hub.stop()
    await group.stop()
    return Double(after - before) / Double(Self.events)
  }

  private func arrive(_ count: Int, on hubLoop: HubLoop, _ sockets: [Int32]) async throws {
    while true {
      let delivered = await hubLoop.loop.run {
        hubLoop.fanout.get.metrics.deliveries.reduce(0, +)
      }
      if delivered >= UInt64(count) { return }
      drain(sockets)
      try await Task.sleep(for: .milliseconds(1))
    }
  }

  /// Takes what has arrived, so that no kernel buffer fills: a full one is not the rule.
  private func drain(_ sockets: [Int32]) {
    var buffer = [UInt8](repeating: 0, count: 64 * 1024)
    for socket in sockets { while recv(socket, &buffer, buffer.count, Int32(MSG_DONTWAIT)) > 0 {} }
  }

  private static func connect(_ port: UInt16) -> Int32 {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let code = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    precondition(code == 0, "a follower cannot connect: \(errno)")
    return descriptor
  }

  /// The listener, and the owner of all subscribers.
  private final class Crowd: SubscriberOwner {
    private var listener: Listener?

    func listen(
      _ address: SocketAddress, on loop: EventLoop, accepted: @escaping (Stream) -> Void
    ) throws(RuntimeError) -> SocketAddress? {
      let listener = try Listener(address, on: loop, accepted: accepted, failed: { _ in })
      self.listener = listener
      return listener.address
    }

    func subscriberEnded(_ subscriber: Subscriber, _ reason: EndReason) {}
    func subscriberHasInput(_ subscriber: Subscriber) {}
    func subscriberIsDrained(_ subscriber: Subscriber) {}
    func subscriber(
      _ subscriber: Subscriber, isRefused channel: ChannelName, id: [UInt8], _ reason: EndReason
    ) {}
  }
}
