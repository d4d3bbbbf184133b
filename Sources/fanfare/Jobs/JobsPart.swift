import ArgumentParser

/// Which part of a list of jobs is wanted.
struct JobsPart: ParsableArguments {
  @Option(help: ArgumentHelp("Only those made before this job.", valueName: "id"))
  var before: String?

  @Option(help: ArgumentHelp("At most so many: 1 to 100000.", valueName: "n"))
  var limit = 50

  func validate() throws {
    guard (1...100_000).contains(limit) else { throw ValidationError("--limit is 1 to 100000") }
  }
}
