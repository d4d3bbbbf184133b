import Glibc

/// The thread on which programs are started. Linux ends a child with the *thread* that it asked to
/// die with (prctl(2), `PR_SET_PDEATHSIG`); this one lives as long as the process.
final class ProcessStarter: Sendable {
  private static let shared = ProcessStarter()

  private let work = Locked<[@Sendable () -> Void]>([])
  private let arrivals = Semaphore()
  private let code: Int32

  private init() {
    code = LoopThread.start(name: "processes") { [work, arrivals] in
      while true {
        arrivals.wait()
        let next = work.withLock { $0.isEmpty ? nil : $0.removeFirst() }
        next?()
      }
    }
  }

  /// Runs `body` there and waits for its result.
  static func run(_ body: @escaping @Sendable () -> Int32) throws(RuntimeError) -> Int32 {
    guard shared.code == 0 else {
      throw RuntimeError(operation: "pthread_create", code: -shared.code)
    }
    let result = Locked<Int32>(0)
    let done = Semaphore()
    shared.work.withLock {
      $0.append {
        let code = body()
        result.withLock { $0 = code }
        done.post()
      }
    }
    shared.arrivals.post()
    done.wait()
    return result.withLock { $0 }
  }
}

/// A count that threads wait for.
///
/// `@unchecked Sendable`: a POSIX semaphore is made for several threads, and lives as long as this.
private final class Semaphore: @unchecked Sendable {
  private let semaphore = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

  init() { sem_init(semaphore, 0, 0) }

  deinit {
    sem_destroy(semaphore)
    semaphore.deallocate()
  }

  func post() { sem_post(semaphore) }

  func wait() { while sem_wait(semaphore) != 0 {} }
}
