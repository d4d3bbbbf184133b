import FanfareActors
import FanfareRuntime

/// Where the process that embeds the server asks its store, from any task.
actor JobsDesk {
  nonisolated let unownedExecutor: UnownedSerialExecutor
  private let store: any JobStore
  private let loop: EventLoop
  private var isClosed = false

  init(_ store: any JobStore, on loop: EventLoop) {
    self.store = store
    self.loop = loop
    unownedExecutor = loop.asUnownedSerialExecutor()
  }

  /// Asks the store. What it does is done, whether or not the task that asks is cancelled.
  func ask(_ command: JobCommand) async throws(JobsError) -> JobReply {
    // A loop that has ended answers nobody.
    guard !isClosed else { throw .notRunning }
    do {
      return try await store.perform(command, on: loop)
    } catch {
      throw JobsError(error)
    }
  }

  /// Refuses what is asked from now on. Before the store and the loop end.
  func close() { isClosed = true }
}
