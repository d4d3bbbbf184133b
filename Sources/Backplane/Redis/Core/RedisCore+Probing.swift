import FanfareActors
import FanfareRuntime

extension RedisCore {
  private static let probeType = EventType("probe") ?? .agentProgress

  func beginProbing() {
    probing.state = .due(since: loop.now)
    follow(probing.channel, nil)
  }

  /// A connection ended: from now on nothing is proven until a probe has come back.
  func probingLost() {
    switch probing.state {
    case .resting: probing.state = .due(since: loop.now)
    case .due: break
    case .out(_, let since, _): probing.state = .due(since: since)
    }
  }

  /// Redis answers again.
  func probeAgain() {
    switch probing.state {
    case .resting: probing.state = .due(since: loop.now)
    case .due, .out: break
    }
    sendProbe()
  }

  /// Sends a probe that is due, and notices one that has not come back.
  func probe() {
    switch probing.state {
    case .resting(let until):
      if until <= loop.now { probing.state = .due(since: loop.now) }
    case .due(let since):
      if loop.now - since >= settings.pace.probe { unprove() }
    case .out(_, let since, _):
      if loop.now - since >= settings.pace.probe {
        unprove()
        probing.state = .due(since: loop.now)
      }
    }
    sendProbe()
    prove()
  }

  private func sendProbe() {
    guard case .due(let since) = probing.state, let (link, generation) = commands.ready,
      let index = followed.index(of: functions.keys.feed(probing.channel)),
      followed[index]?.feed?.isLive == true
    else { return }
    probing.lastNumber += 1
    probing.state = .out(probing.lastNumber, since: since, sent: loop.now)
    let draft = Draft(type: Self.probeType, data: Array("\(probing.lastNumber)".utf8))
    let command = functions.publish([draft], to: probing.channel, key: nil, in: generation)
    link.send(command) { [weak self] result in
      guard let self, case .success(let reply) = result else { return }
      do throws(FunctionError) {
        _ = try RedisFunctions.published(reply, count: 1, in: probing.channel)
      } catch {
        heed(error, sentIn: generation)
        observer.observed(.refused("\(error)"))
      }
    }
  }

  /// What came on the feed of this node's own channel.
  func probeCame(_ events: [Event]) {
    guard case .out(let number, _, let sent) = probing.state else { return }
    let data = Array("\(number)".utf8)
    guard events.contains(where: { $0.data == data }) else { return }
    observer.observed(.probed(roundTrip: loop.refreshNow() - sent))
    probing.state = .resting(until: sent + settings.pace.probe)
    probing.isBack = true
    prove()
  }

  private func unprove() {
    probing.isBack = false
    tell(.unproven)
  }

  private func prove() {
    if probing.isBack, health == .unproven, followed.isCaughtUp { tell(.proven) }
  }
}
