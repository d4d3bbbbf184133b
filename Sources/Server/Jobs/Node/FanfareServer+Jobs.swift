import FanfareActors
import FanfareBackplane
import FanfareRuntime

/// What a node has of jobs, as its settings say.
extension FanfareServer {
  private var jobStoreSettings: JobStoreSettings {
    var store = JobStoreSettings(
      queues: settings.queues, budgets: settings.budgets, retention: settings.jobs.retention,
      events: JobEventJSON(settings.limits), limits: settings.limits)
    store.jobsMax = settings.limits.jobsMax
    store.logBytesMax = settings.limits.jobLogBytesMax
    return store
  }

  /// The store; `nil` on a node without jobs.
  func jobStore(_ loops: [EventLoop]) throws(ServerError) -> (any JobStore)? {
    if let makeStore { return makeStore(loops, jobStoreSettings) }
    guard settings.keepsJobs else { return nil }
    do {
      return try SQLiteJobStore(settings.jobs.path, settings: jobStoreSettings)
    } catch {
      throw .cannotStart("\(error)")
    }
  }

  /// - Parameter outlives: whether the backplane still has what was published when this process has
  ///   ended.
  func jobsNode(
    _ store: (any JobStore)?, _ channels: JobChannels?, _ loops: [EventLoop], _ hub: Hub,
    outlives: Bool
  ) -> JobsNode? {
    guard let store, let channels else { return nil }
    return JobsNode(
      store: store, settings: jobStoreSettings, loops: loops, hub: hub, channels: channels,
      relaysWithKeys: outlives, logger: logger)
  }

  /// Opens the store.
  func begin(_ jobs: JobsNode?) async throws(ServerError) {
    guard let jobs else { return }
    do {
      try await jobs.start()
    } catch {
      await jobs.store.stop()
      throw .cannotKeepJobs(error.reason)
    }
  }
}

extension JobRefusal {
  /// For people.
  fileprivate var reason: String {
    if case .unavailable(let reason) = self { reason } else { "\(self)" }
  }
}
