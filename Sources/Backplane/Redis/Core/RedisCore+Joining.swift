import FanfareActors
import FanfareFunctions
import FanfareRuntime

/// What comes before the first publish on a connection: the library is there, the generation is
/// that of a log that lost nothing, and no log ends before what it has fed to this node.
extension RedisCore {
  private static let pastGenerationsMax = 64

  func join(_ link: any RedisLink, _ facts: RedisServerFacts) {
    commands = .joining(link, facts)
    joinRound += 1
    ask(functions.version()) { [self] reply in
      do throws(FunctionError) {
        guard try RedisFunctions.version(reply) >= FunctionLibrary.version else { return load() }
        learn()
      } catch FunctionError.missing {
        load()
      } catch {
        refuse(error)
      }
    }
  }

  /// Another node asked, or this one found out, that the logs have another generation than the one
  /// in which something was sent; or Redis has lost the functions.
  func rejoin(sentIn sent: Generation) {
    guard case .ready(let link, let generation, let facts) = commands, generation == sent else {
      return
    }
    join(link, facts)
  }

  /// Sends a question of the present joining; an answer to an earlier one is not looked at.
  private func ask(_ command: [[UInt8]], then: @escaping (RedisValue) -> Void) {
    guard case .joining(let link, _) = commands else { return }
    let round = joinRound
    link.send(command) { [weak self] result in
      guard let self, round == joinRound, case .joining(let now, _) = commands, now === link,
        case .success(let reply) = result
      else { return }
      then(reply)
    }
  }

  private func refuse(_ error: FunctionError) {
    switch error {
    case .denied(let text): giveUp(RedisLost(text, isFinal: true))
    case .invalid(let text): giveUp(RedisLost(text, isFinal: true))
    case .unwritable(let text), .refused(let text): giveUp(RedisLost(text))
    case .malformed(let text): giveUp(RedisLost("a reply without \(text)"))
    case .generation, .missing:
      guard case .joining(let link, let facts) = commands else { return }
      // Something else has changed Redis between two questions.
      join(link, facts)
    case .mismatch: giveUp(RedisLost("MISMATCH"))
    }
  }

  private func load() {
    ask(functions.load()) { [self] reply in
      do throws(FunctionError) {
        try RedisFunctions.loaded(reply)
        observer.observed(.loaded(version: FunctionLibrary.version))
        learn()
      } catch {
        refuse(error)
      }
    }
  }

  private func learn() {
    ask(["INFO", "server"].map { Array($0.utf8) }) { [self] reply in
      if case .bytes(let text) = reply { change { $0.learn(info: text) } }
    }
    ask(["INFO", "replication"].map { Array($0.utf8) }) { [self] reply in
      if case .bytes(let text) = reply { change { $0.learn(info: text) } }
    }
    ask(["CONFIG", "GET", "append*"].map { Array($0.utf8) }) { [self] reply in
      change { $0.learn(config: reply) }
      enter()
    }
  }

  private func change(_ body: (inout RedisServerFacts) -> Void) {
    guard case .joining(let link, var facts) = commands else { return }
    body(&facts)
    commands = .joining(link, facts)
  }

  private func enter() {
    guard case .joining(_, let facts) = commands else { return }
    guard !facts.run.isEmpty else {
      return giveUp(RedisLost("INFO does not say which run of the server this is"))
    }
    let command = functions.join(
      candidate: Generation(random: &loop.random), run: facts.run, isDurable: facts.isDurable,
      mode: settings.mode, defaults: logSettings(of: 0), namespaces: namespaceSettings())
    ask(command) { [self] reply in
      do throws(FunctionError) {
        let (generation, isRaised) = try RedisFunctions.joined(reply)
        compare(generation, isRaised: isRaised)
      } catch {
        refuse(error)
      }
    }
  }

  /// A log that ends before what it has fed here has lost its tail, whatever Redis says of itself.
  private func compare(_ generation: Generation, isRaised: Bool) {
    guard wentBackIn != generation, !pastGenerations.contains(generation) else {
      return raise(from: generation)
    }
    let fed = followed.fed(in: generation)
    guard !fed.isEmpty else { return ready(generation, isRaised: isRaised) }
    let chunks = stride(from: 0, to: fed.count, by: RedisFunctions.channelsPerStateMax).map {
      Array(fed[$0..<min(fed.count, $0 + RedisFunctions.channelsPerStateMax)])
    }
    var left = chunks.count
    for chunk in chunks {
      let channels = chunk.map(\.channel)
      ask(functions.state(of: channels, in: generation)) { [self] reply in
        do throws(FunctionError) {
          let states = try RedisFunctions.states(reply, of: channels)
          for (log, before) in zip(states, chunk)
          where log.epoch == before.position.epoch && log.head < before.position.offset {
            observer.observed(.wentBack(before.channel))
            return raise(from: generation)
          }
          left -= 1
          if left == 0 { ready(generation, isRaised: isRaised) }
        } catch {
          refuse(error)
        }
      }
    }
  }

  /// Gives all logs a new life.
  func raise(from generation: Generation) {
    switch commands {
    case .joining(let link, let facts), .ready(let link, _, let facts):
      commands = .joining(link, facts)
      joinRound += 1
      let candidate = Generation(random: &loop.random)
      ask(functions.raise(from: generation, to: candidate, run: facts.run)) { [self] reply in
        do throws(FunctionError) {
          let standing = try RedisFunctions.raised(reply)
          ready(standing, isRaised: standing == candidate)
        } catch {
          refuse(error)
        }
      }
    case .away, .opening, .stopped: break
    }
  }

  private func ready(_ generation: Generation, isRaised: Bool) {
    guard case .joining(let link, let facts) = commands else { return }
    let isRenewed = self.generation != nil && self.generation != generation
    if isRenewed, let past = self.generation {
      pastGenerations.append(past)
      if pastGenerations.count > Self.pastGenerationsMax { pastGenerations.removeFirst() }
    }
    self.generation = generation
    wentBackIn = nil
    commands = .ready(link, generation, facts)
    readySince = loop.now
    observer.observed(
      .joined(generation: generation.text, isDurable: facts.isDurable, isRaised: isRaised))
    if isRenewed { observer.observed(.renewed(generation: generation.text)) }
    reading.refused = []
    for index in followed.indices {
      run(index) { followed.change(index) { $0.resume(isRenewed: isRenewed) } }
    }
    probeAgain()
    beatNow()
  }

  // MARK: Settings

  private func logSettings(of namespace: Int) -> LogSettings {
    let settings = namespaces[namespace]
    return LogSettings(
      historyEventsMax: settings.historyEventsMax, historyBytesMax: limits.historyBytesMax,
      ttl: settings.ttl, metaTTL: limits.metaTTL,
      firehoseEventsMax: self.settings.firehoses[namespaces.names[namespace]])
  }

  private func namespaceSettings() -> [(name: String, settings: LogSettings)] {
    namespaces.names.indices.dropFirst().map { (namespaces.names[$0], logSettings(of: $0)) }
  }
}
