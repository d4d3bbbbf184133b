import FanfareRuntime

/// Following the channel's log, for the loops that have followers.
extension Channel {
  // MARK: The backplane's feed

  /// What the feed brings, in its order.
  func receive(_ fed: Fed) {
    guard case .yes(let log) = following else { return }
    switch fed {
    case .events(let events): received(events, log)
    case .skipped(let offset): skipped(through: offset, log)
    case .restarted(let log): restarted(log)
    }
  }

  private func received(_ events: [Event], _ log: LogState) {
    guard let first = events.first?.position else { return }
    guard first.epoch == log.epoch else {
      // Nobody has said that it began anew; that nothing is missing cannot be proven.
      let log = LogState(epoch: first.epoch, head: first.offset - 1, oldest: first.offset)
      restarted(log)
      return received(events, log)
    }
    // Those that were on their way when the log was asked are in what it said.
    let fresh =
      first.offset > log.head ? events : events.filter { $0.position.offset > log.head }
    guard let head = fresh.last?.position.offset else { return }
    following = .yes(LogState(epoch: log.epoch, head: head, oldest: log.oldest))
    let bytes = fresh.reduce(0) { $0 + $1.frameBytesMax }
    let now = loop.now
    pacing.fed(through: head, bytes: bytes) { since in
      fanout.get.metrics.backplaneLagSeconds = (now - since).inSeconds
    }
    for window in pacing.windows where window.isTold {
      fanout.get.send(.events(name, fresh), to: window.loop)
    }
    moveLine()
  }

  private func skipped(through offset: UInt64, _ log: LogState) {
    guard offset > log.head else { return }
    following = .yes(LogState(epoch: log.epoch, head: offset, oldest: offset + 1))
    pacing.fed(through: offset, bytes: 0) { _ in }
    for window in pacing.windows where window.isTold {
      fanout.get.send(.skipped(name, through: offset), to: window.loop)
    }
    moveLine()
  }

  private func restarted(_ log: LogState) {
    following = .yes(log)
    pacing.restart(at: log.head)
    for window in pacing.windows where window.isTold {
      fanout.get.send(.restarted(name, log), to: window.loop)
    }
    moveLine()
  }

  /// All followers on `loop` have been offered the events up to `through`.
  func flushed(loop: Int, through offset: UInt64) {
    pacing.flushed(loop: loop, through: offset)
    moveLine()
  }

  // MARK: Loops with followers

  func attach(loop: Int) {
    pacing.attach(loop: loop)
    switch following {
    case .no:
      following = .asked
      Task { await follow() }
    case .asked: break
    case .yes(let log): tellAttached(log)
    }
  }

  func detach(loop: Int) {
    pacing.detach(loop: loop)
    unfollowIfUnwanted()
    moveLine()
  }

  private func unfollowIfUnwanted() {
    guard pacing.windows.isEmpty, case .yes(let log) = following else { return }
    following = .no
    pacing.restart(at: log.head)
    backplane.unfollow(name, on: loop)
  }

  /// Asks until the backplane answers, or nobody wants to know any more.
  private func follow() async {
    // All who asked may leave while the backplane is away.
    while !pacing.windows.isEmpty, !fanout.get.isStopping {
      do {
        let log = try await backplane.follow(name, on: loop)
        return followed(log)
      } catch {
        guard error.mayPass else { break }
        await fanout.get.retries.gate().pass()
      }
    }
    following = .no
    for window in pacing.windows { fanout.get.send(.refused(name), to: window.loop) }
    pacing.detachAll()
  }

  private func followed(_ log: LogState) {
    guard case .asked = following else { return }
    following = .yes(log)
    unfollowIfUnwanted()
    tellAttached(log)
  }

  private func tellAttached(_ log: LogState) {
    for loop in pacing.tell(head: log.head) {
      fanout.get.send(.attached(name, log), to: loop)
    }
  }

  // MARK: History

  /// Tells `loop` what the log holds, as soon as the backplane answers.
  func inspect(for loop: Int) {
    Task {
      while isWanted(by: loop) {
        do throws(PublishError) {
          let log = try await backplane.state(of: name, on: self.loop)
          return fanout.get.send(.inspected(name, log), to: loop)
        } catch {
          await fanout.get.retries.gate().pass()
        }
      }
    }
  }

  /// Sends `loop` a page of history, as soon as the backplane answers.
  func read(from offset: UInt64, events: Int, for loop: Int) {
    Task {
      while isWanted(by: loop) {
        do throws(PublishError) {
          let page = try await page(from: offset, events: events)
          return fanout.get.send(.page(name, asked: offset, page), to: loop)
        } catch {
          await fanout.get.retries.gate().pass()
        }
      }
    }
  }

  /// All of a page, in as many parts as the backplane gives it: who waits for its last event would
  /// else ask for ever.
  private func page(from offset: UInt64, events: Int) async throws(PublishError) -> HistoryPage {
    var page = try await backplane.read(
      name, from: offset, eventsMax: events, bytesMax: .max, on: loop)
    let end = offset + UInt64(events)
    while let last = page.events.last?.position.offset, last + 1 < end, last < page.state.head {
      let part = try await backplane.read(
        name, from: last + 1, eventsMax: Int(end - last - 1), bytesMax: .max, on: loop)
      guard part.events.first?.position == Position(offset: last + 1, epoch: page.state.epoch)
      else { break }
      page.events += part.events
    }
    return page
  }

  private func isWanted(by loop: Int) -> Bool {
    !fanout.get.isStopping && pacing.windows.contains { $0.loop == loop }
  }
}

extension PublishError {
  /// Whether the backplane may answer the same question later.
  fileprivate var mayPass: Bool {
    switch self {
    case .unavailable, .outcomeUnknown, .paced: true
    case .tooManyChannels, .keyMismatch, .tooManyKeys: false
    }
  }
}
