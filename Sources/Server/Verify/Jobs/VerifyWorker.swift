import FanfareRuntime

/// A worker of a verification, in a process of its own: it works on jobs as its seed decides, well
/// or badly, and tells what it did and was answered, a line each.
package struct VerifyWorker: Sendable {
  let server: ServerURL
  let queue: String
  let task: String
  let name: String
  let seed: UInt64
  /// The lease of the queue.
  let lease: Duration
  /// Jobs at once.
  let hands: Int

  /// A worker called `name` for the jobs of one task.
  package init(
    _ name: String, queue: String, task: String, at server: ServerURL, seed: UInt64,
    lease: Duration, hands: Int
  ) {
    self.name = name
    self.queue = queue
    self.task = task
    self.server = server
    self.seed = seed
    self.lease = lease
    self.hands = hands
  }

  /// Works until its task is cancelled, or its process killed.
  ///
  /// - Parameter tell: is given whole lines, and has written them when it returns.
  package func run(tell: @escaping @Sendable (String) -> Void) async throws {
    let group = try LoopGroup.start(count: 1)
    await withTaskGroup(of: Void.self) { tasks in
      for number in 0..<hands {
        let hand = VerifyHand(self, number, on: group.loops[0], tell: tell)
        tasks.addTask { await hand.run() }
      }
    }
    await group.stop()
  }
}
