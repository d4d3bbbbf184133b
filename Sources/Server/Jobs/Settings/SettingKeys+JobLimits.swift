import FanfareRuntime

extension SettingKeys {
  /// The bounds of what jobs may take.
  static let jobLimits: [SettingKey<Settings>] = [
    SettingKey(
      "limits.job-args", \.limits.jobArgumentsBytesMax, .bytes(kib...16 * mib),
      "The bytes of a job's `args`. What one request brings is bounded by `limits.publish-body`.",
      atBound: "The job is refused with 413."),
    SettingKey(
      "limits.job-result", \.limits.jobResultBytesMax, .bytes(kib...16 * mib),
      "The bytes of a job's `result`.",
      atBound: "The worker's success is refused with 413."),
    SettingKey(
      "limits.job-checkpoint", \.limits.jobCheckpointBytesMax, .bytes(kib...16 * mib),
      "The bytes of a job's checkpoint.",
      atBound: "The checkpoint is refused with 413; the one before stays."),
    SettingKey(
      "limits.job-error", \.limits.jobErrorBytesMax, .bytes(64...64 * kib),
      "The bytes of one error of a job, and of the message beside its progress.",
      atBound: "The rest is cut off."),
    SettingKey(
      "limits.job-log", \.limits.jobLogBytesMax, .bytes(kib...16 * mib),
      "The bytes of its log that a job keeps.",
      atBound: "The oldest leave the log."),
    SettingKey(
      "limits.jobs", \.limits.jobsMax, .count(1...1_000_000_000),
      "The jobs that the store holds, those included that are over and still kept.",
      atBound: "A request that needs more gets 503, and none of its jobs is accepted."),
    SettingKey(
      "limits.jobs-per-request", \.limits.jobsPerRequestMax, .count(1...100_000),
      "The jobs that one request may make, lease or keep alive.",
      atBound: "The request is refused with 413."),
    SettingKey(
      "limits.workflow-steps", \.limits.workflowStepsMax, .count(1...1_000),
      "The steps of one workflow.",
      atBound: "The workflow is refused with 413."),
    SettingKey(
      "limits.waiting-leases", \.limits.waitingLeasesMax, .count(1...1_000_000),
      "The requests for jobs that wait in one queue until there is one.",
      atBound: "The next one is refused with 503."),
  ]
}
