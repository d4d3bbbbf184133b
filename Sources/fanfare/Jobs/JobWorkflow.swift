import ArgumentParser

/// `fanfare jobs workflow`.
struct JobWorkflow: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "workflow",
    abstract: "Start jobs that are done one after another, and look at them.",
    discussion: """
      'fanfare jobs cancel --workflow ID' cancels all its steps; 'fanfare jobs retry' of a dead \
      step lets it go on.

      EXAMPLES:
        fanfare jobs workflow start feature.json
        fanfare jobs workflow show 9jz0bb1kc
        fanfare follow "workflow:$(fanfare jobs workflow start feature.json)" --after oldest
      """,
    subcommands: [StartWorkflow.self, ShowWorkflow.self])
}
