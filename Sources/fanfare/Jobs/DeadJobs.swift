import ArgumentParser

/// `fanfare jobs dead`.
struct DeadJobs: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dead",
    abstract: "Look at the dead jobs of a queue; retry or purge many at once.",
    discussion: """
      EXAMPLES:
        fanfare jobs dead list agent_queue --error overloaded
        fanfare jobs dead retry agent_queue --error overloaded --rate 10/s
        fanfare jobs dead stop agent_queue
        fanfare jobs dead purge agent_queue --task clone --yes
      """,
    subcommands: [ListDeadJobs.self, RetryDeadJobs.self, StopRetrying.self, PurgeDeadJobs.self],
    defaultSubcommand: ListDeadJobs.self)
}
