import FanfareRuntime

extension RedisCore: RedisLinkDelegate {
  // MARK: Opening

  func connectCommands() {
    guard case .away = commands else { return }
    commandsAttempts += 1
    commands = .opening(connector.connect(.commands, on: loop, delegate: self))
  }

  func connectFeed() {
    guard case .away = feedLink else { return }
    feedAttempts += 1
    feedLink = .opening(connector.connect(.feed, on: loop, delegate: self))
  }

  func linkOpened(_ link: any RedisLink) {
    if case .opening(let opening) = commands, opening === link {
      observer.observed(.connected(.commands))
      join(link, RedisServerFacts())
    } else if case .opening(let opening) = feedLink, opening === link {
      observer.observed(.connected(.feed))
      feedLink = .open(link, since: loop.now)
      followed.askForAll()
    }
  }

  // MARK: Ending

  func link(_ link: any RedisLink, ended reason: RedisLost) {
    if commands.link === link {
      commandsLost(reason)
    } else if feedLink.link === link {
      feedLost(reason)
    }
  }

  /// Ends the connection for commands, because nothing can be done on it.
  func giveUp(_ reason: RedisLost) {
    guard let link = commands.link else { return }
    // Before the pending replies fail: none of them may take the connection for usable.
    commands = .away
    link.close()
    commandsLost(reason)
  }

  private func commandsLost(_ reason: RedisLost) {
    if case .ready = commands, loop.now - readySince >= settings.pace.retryMax {
      commandsAttempts = 0
    }
    commands = .away
    failReads()
    probingLost()
    let delay = retryDelay(after: commandsAttempts)
    observer.observed(.lost(.commands, reason, retry: delay))
    CoreTimer.after(delay, on: loop) { [weak self] in self?.connectCommands() }
  }

  private func feedLost(_ reason: RedisLost) {
    if case .open(_, let since) = feedLink, loop.now - since >= settings.pace.retryMax {
      feedAttempts = 0
    }
    feedLink = .away
    followed.lost()
    probingLost()
    let delay = retryDelay(after: feedAttempts)
    observer.observed(.lost(.feed, reason, retry: delay))
    CoreTimer.after(delay, on: loop) { [weak self] in self?.connectFeed() }
  }

  private func retryDelay(after attempts: Int) -> Duration {
    let pace = settings.pace
    let bound = min(pace.retryMax, pace.retryFirst * (1 << min(attempts, 16)))
    return .nanoseconds(Int64.random(in: 0...max(0, bound.nanoseconds), using: &loop.random))
  }

  // MARK: The feed

  func link(_ link: any RedisLink, subscribed channel: [UInt8]) {
    guard feedLink.link === link, let index = followed.index(of: channel) else { return }
    run(index) { followed.confirm(index) }
  }

  func link(_ link: any RedisLink, received message: [UInt8], on channel: [UInt8]) {
    guard feedLink.link === link, let index = followed.index(of: channel),
      let slot = followed[index], slot.feed != nil
    else { return }
    do throws(FunctionError) {
      let events = try FeedMessage(message, in: slot.channel).events(
        in: slot.channel, now: loop.now)
      let hasRoom = followed.keptBytes < limits.backplaneKeptBytesMax
      run(index) { followed.change(index) { $0.received(events, hasRoom: hasRoom) } }
    } catch {
      observer.observed(.malformed("\(error) in \(slot.channel)"))
    }
  }
}
