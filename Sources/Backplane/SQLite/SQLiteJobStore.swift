import FanfareActors
import FanfareRuntime

/// Jobs in one SQLite file, which is this process' alone.
///
/// One core, on a loop of its own, has the file: what it writes waits for the disk, and nobody else
/// does. Each asking loop has a door to it.
package final class SQLiteJobStore: JobStore, Sendable {
  let core: LoopConfined<JobCore>
  private let doors = Locked<[ObjectIdentifier: LoopConfined<JobDoor>]>([:])
  private let life: JobLife
  /// The thread of the store's own loop, where none was given.
  private let own: LoopGroup?
  private let feed = Locked<(any JobStoreFeed)?>(nil)

  /// A store in the file at `path`, beside which its write-ahead log stands.
  ///
  /// - Parameter loop: the store's own; one with a thread of its own where there is none.
  package init(
    _ path: String, settings: JobStoreSettings, on loop: EventLoop? = nil
  ) throws(RuntimeError) {
    let own = loop == nil ? try LoopGroup.start(count: 1, name: "jobs-store") : nil
    guard let loop = loop ?? own?.loops.first else {
      throw RuntimeError(operation: "the loop of the job store", code: 0)
    }
    core = LoopConfined(JobCore(loop: loop, path: path, settings: settings), to: loop)
    self.own = own
    life = JobLife(core)
  }

  package func connect(to feed: any JobStoreFeed) {
    self.feed.withLock { $0 = feed }
  }

  package func start() async throws(JobRefusal) {
    let refusal = await life.start(feed.withLock { $0 })
    if let refusal { throw refusal }
  }

  package func stop() async {
    await life.stop()
    await own?.stop()
  }

  package func perform(
    _ command: JobCommand, on loop: EventLoop
  ) async throws(JobRefusal) -> JobReply {
    guard let answer = await door(loop).ask(command) else {
      throw .unavailable("the job store is closed")
    }
    return try answer.get()
  }

  /// The door of the loop that asks, which is made when it asks first.
  private func door(_ loop: EventLoop) -> JobDoor {
    let core = core
    return doors.withLock { doors in
      let key = ObjectIdentifier(loop)
      if let door = doors[key] { return door }
      let index = doors.count
      let door = LoopConfined(
        JobDoor(on: loop, to: core.loop) { door, asked in
          core.get.receive(asked, from: door, index)
        }, to: loop)
      doors[key] = door
      door.get.start()
      return door
    }.get
  }
}

/// Waits on the core's loop for those who are on none.
private actor JobLife {
  nonisolated let unownedExecutor: UnownedSerialExecutor
  private let core: LoopConfined<JobCore>

  init(_ core: LoopConfined<JobCore>) {
    self.core = core
    unownedExecutor = core.loop.asUnownedSerialExecutor()
  }

  func start(_ feed: (any JobStoreFeed)?) -> JobRefusal? { core.get.start(feed) }

  func stop() { core.get.stop() }
}
