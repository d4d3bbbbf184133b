import FanfareActors
import FanfareRuntime

/// What `/metrics` says of jobs.
struct JobsMetrics: Sendable {
  let counts: JobCounts
  /// `nil` while the store cannot say.
  let queues: [QueueStatus]?
  let isWritable: Bool
  let published: UInt64
  /// Of what is to be published; counted up to ``JobsNode/backlogMax``.
  let backlog: Int?
  let abandoned: Int

  func write(to text: inout PrometheusText) {
    writeQueues(&text)
    writeTimes(&text)
    text.begin("fanfare_job_retries_total", .counter, "Jobs that are to be tried again.")
    for (cause, count) in counts.retries.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
      text.sample("fanfare_job_retries_total", labels: [("reason", cause.rawValue)], count)
    }
    text.begin("fanfare_jobs_ended_total", .counter, "Jobs that are over.")
    for (state, count) in counts.ended.sorted(by: { $0.key < $1.key }) {
      text.sample("fanfare_jobs_ended_total", labels: [("state", state)], count)
    }
    text.single(
      "fanfare_leases_lost_total", .counter, "Leases whose worker was silent for too long.",
      counts.lostLeases)
    text.single(
      "fanfare_fenced_writes_total", .counter, "Writes refused because another had the lease.",
      counts.fencedWrites)
    text.single(
      "fanfare_abandoned_handlers", .gauge,
      "Handlers in this process that run on although their job has ended without them.",
      UInt64(clamping: abandoned))
    text.single(
      "fanfare_job_store_up", .gauge, "Whether jobs can be stored.", isWritable ? 1 : 0)
    text.single(
      "fanfare_outbox_published_total", .counter, "Events of jobs that were published.", published)
    if let backlog {
      text.single(
        "fanfare_outbox_backlog", .gauge,
        "Events of jobs still to be published, counted up to \(JobsNode.backlogMax).",
        UInt64(clamping: backlog))
    }
  }

  private func writeQueues(_ text: inout PrometheusText) {
    guard let queues else { return }
    text.begin("fanfare_jobs", .gauge, "Jobs in the store.")
    for status in queues {
      for word in JobState.words {
        text.sample(
          "fanfare_jobs", labels: [("queue", status.queue.text), ("state", word)],
          UInt64(clamping: status.counts[word] ?? 0))
      }
    }
    text.begin("fanfare_queue_oldest_seconds", .gauge, "How long the oldest queued job waits.")
    for status in queues {
      text.sample(
        "fanfare_queue_oldest_seconds", labels: [("queue", status.queue.text)],
        status.oldest?.inSeconds ?? 0)
    }
    text.begin("fanfare_dead_jobs", .gauge, "Jobs that are dead.")
    for status in queues {
      text.sample(
        "fanfare_dead_jobs", labels: [("queue", status.queue.text)],
        UInt64(clamping: status.counts["dead"] ?? 0))
    }
  }

  private func writeTimes(_ text: inout PrometheusText) {
    text.histograms(
      "fanfare_job_wait_seconds", "How long jobs were queued before they started.",
      label: "queue", counts.waits.sorted { $0.key < $1.key }.map { ($0.key.text, $0.value) })
    text.histograms(
      "fanfare_job_run_seconds", "How long attempts took.",
      label: "queue", counts.runs.sorted { $0.key < $1.key }.map { ($0.key.text, $0.value) })
    text.histograms(
      "fanfare_rate_limit_wait_seconds",
      "How long jobs with a rate key were queued before they started.",
      label: "rate_key",
      counts.budgetWaits.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
  }
}

extension JobsNode {
  /// What is counted of the backlog at most: it is read for that, with all that it says.
  static let backlogMax = 256

  /// What there is to tell now, asked on `loop`.
  func metrics(on loop: EventLoop) async -> JobsMetrics {
    var queues: [QueueStatus]?
    if case .queues(let all)? = try? await store.perform(.queues, on: loop) { queues = all }
    let counts = relay.counted
    var backlog: Int?
    let unread = JobCommand.outbox(after: counts.through, max: Self.backlogMax)
    if case .outbox(let entries)? = try? await store.perform(unread, on: loop) {
      backlog = entries.count
    }
    return JobsMetrics(
      counts: feed.counted, queues: queues, isWritable: feed.fault == nil,
      published: counts.published, backlog: backlog,
      abandoned: await localWorkers.withLock { $0 }?.abandoned ?? 0)
  }
}
