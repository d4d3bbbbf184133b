import ArgumentParser
import FanfareServer

/// Which dead jobs are meant.
struct DeadJobsFilter: ParsableArguments {
  @Option(help: "Only of this task.")
  var task: String?

  @Option(help: ArgumentHelp("Only those with this in their newest error.", valueName: "text"))
  var error: String?

  var query: [(name: String, value: String?)] { [("task", task), ("error", error)] }
}
