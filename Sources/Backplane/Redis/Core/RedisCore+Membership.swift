import FanfareRuntime

/// The nodes that share this Redis.
struct RedisMembership {
  var nodes: [NodeRecord] = []
  var next = MonotonicInstant(nanoseconds: 0)
}

extension RedisCore {
  /// The nodes that were alive when this one last asked.
  var nodes: [NodeRecord] { membership.nodes }

  func beat() {
    if membership.next <= loop.now { beatNow() }
  }

  /// Says that this node is alive, and asks who else is.
  func beatNow() {
    guard let (link, generation) = commands.ready else { return }
    membership.next = loop.now + settings.pace.beat
    let command = functions.beat(
      id: settings.nodeID, ttl: settings.pace.beatTTL, description: settings.describe())
    link.send(command) { [weak self] result in
      guard let self, case .success(let reply) = result else { return }
      do throws(FunctionError) {
        membership.nodes = try RedisFunctions.nodes(reply)
      } catch {
        heed(error, sentIn: generation)
      }
    }
  }

  /// Tells the other nodes that this one leaves.
  func leave(_ link: any RedisLink, _ done: @escaping () -> Void) {
    let command = functions.beat(id: settings.nodeID, ttl: .zero, description: [])
    link.send(command) { _ in done() }
  }
}
