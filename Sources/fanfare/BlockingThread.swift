import Dispatch

/// An executor for actors whose work blocks: reading a pipe, writing to one that nobody empties.
/// Neither a loop nor the threads that all tasks share may wait for those.
final class BlockingThread: SerialExecutor {
  private let queue: DispatchQueue

  init(_ name: String) {
    queue = DispatchQueue(label: "fanfare.\(name)")
  }

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    queue.async { job.runSynchronously(on: self.asUnownedSerialExecutor()) }
  }

  func asUnownedSerialExecutor() -> UnownedSerialExecutor {
    UnownedSerialExecutor(ordinary: self)
  }
}
