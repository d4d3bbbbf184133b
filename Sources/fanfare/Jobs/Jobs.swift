import ArgumentParser

/// `fanfare jobs`.
struct Jobs: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Look at background jobs, and at what becomes of them.",
    discussion: """
      What is printed is for people; with --json it is what the server said, one object a line.

      EXAMPLES:
        fanfare jobs enqueue agent_queue plan_issue '{"issue":1204}' --channel project:42
        fanfare jobs list --state running
        fanfare jobs show 9jz12cb1kc
        fanfare jobs watch
        fanfare jobs workflow start feature.json
        fanfare jobs dead retry agent_queue --rate 10/s
      """,
    subcommands: [
      ListJobs.self, ShowJob.self, EnqueueJob.self, WatchJobs.self, ShowJobLog.self,
      RetryJob.self, CancelJob.self, JobWorkflow.self, DeadJobs.self, ListQueues.self,
      PauseQueue.self, ResumeQueue.self,
    ])
}
