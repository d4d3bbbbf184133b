import Dispatch
import Foundation
import Synchronization

/// A thread of its own for a test that blocks: the clients of the kit wait in `poll(2)`, and
/// blocked threads of the global pool would be missing wherever the runtime needs one.
final class TestThread: TaskExecutor {
  private let jobs = Mutex<(waiting: [UnownedJob], isOver: Bool)>(([], false))
  private let arrivals = DispatchSemaphore(value: 0)

  init() {
    Thread.detachNewThread { [self] in
      while true {
        arrivals.wait()
        let (waiting, isOver) = jobs.withLock { jobs in
          defer { jobs.waiting = [] }
          return jobs
        }
        for job in waiting { job.runSynchronously(on: asUnownedTaskExecutor()) }
        if isOver, waiting.isEmpty { return }
      }
    }
  }

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    jobs.withLock { $0.waiting.append(job) }
    arrivals.signal()
  }

  /// Lets the thread end when nothing is left to run.
  func finish() {
    jobs.withLock { $0.isOver = true }
    arrivals.signal()
  }
}
