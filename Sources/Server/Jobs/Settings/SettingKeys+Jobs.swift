import FanfareActors
import FanfareRuntime

extension SettingKeys {
  /// Whether the node keeps jobs, and where.
  static let jobs: [SettingKey<Settings>] = [
    SettingKey(
      "jobs.store", \.jobs.store, .jobStore,
      """
      What keeps jobs. `sqlite` is one file of this node; `off` keeps none, and the paths of jobs \
      answer 404. `auto` is `sqlite` with `backplane: local`, and `off` with `backplane: redis`: \
      jobs in Redis are not in this version yet.
      """),
    SettingKey(
      "jobs.path", \.jobs.path, .filePath,
      """
      The file of `sqlite`, seen from the working directory. Beside it stand two more while the \
      node runs, with `-wal` and `-shm` behind the name. Not on a network file system.
      """),
    SettingKey(
      "jobs.retention", \.jobs.retention, .duration(.seconds(1) ... .seconds(3_650 * 86_400)),
      "How long a job that is over is kept, with its events and its log; a dead one likewise.",
      atBound: "The job is deleted: its paths answer 404, and its events can no longer be read."),
    SettingKey(
      "jobs.only-here", \.jobs.onlyHere, .toggle,
      """
      Whether all other nodes of the cluster have `jobs.store: off`. Only then may a node with \
      `backplane: redis` keep jobs in a file: other nodes would not find them.
      """),
  ]

  /// The keys of a queue, from its own name down.
  static let queue: [SettingKey<QueueSettings>] = [
    SettingKey(
      "prefetch", \.prefetch, .count(1...10_000),
      "The leases that one worker may hold for each job it runs at once. 1 takes none in advance."),
    SettingKey(
      "concurrency", \.concurrency, .count(1...10_000),
      "The jobs that one worker runs at once.",
      atBound: "The worker gets no job until it has ended one."),
    SettingKey(
      "lease", \.lease, .duration(.milliseconds(100) ... .seconds(86_400)),
      "How long a worker may be silent.",
      atBound: """
        Its job is given to another, and what it still writes is refused with 409. The third time \
        the job is dead.
        """),
    SettingKey(
      "attempts", \.attempts, .count(1...1_000),
      "The failures after which a job is dead, unless the job says otherwise."),
    SettingKey(
      "retry.base", \.retry.base, .duration(.milliseconds(1) ... .seconds(86_400)),
      """
      The longest wait after the first failure; it doubles with each further one. A job waits a \
      random share of it, so that those that failed together do not come back together. At most \
      `retry.cap`.
      """),
    SettingKey(
      "retry.cap", \.retry.cap, .duration(.milliseconds(1) ... .seconds(30 * 86_400)),
      "The longest wait after any failure."),
    SettingKey(
      "max-running", \.runningMax, .orNone(.count(1...1_000_000)),
      "The jobs that all workers together may have at once.",
      atBound: "The next job waits until one has ended."),
  ]

  /// The keys of a rate key's budget, from its own name down.
  static let budget: [SettingKey<RateBudget>] = [
    SettingKey(
      "requests", \.requests, .orNone(.rate),
      "The attempts of jobs with this `rate_key` in a time; so many may have been saved up.",
      atBound: "Jobs with this `rate_key` wait, all others go on."),
    SettingKey(
      "tokens", \.tokens, .orNone(.rate),
      """
      The units of their `cost` in a time, likewise. What an attempt says to have used settles it \
      afterwards.
      """,
      atBound: """
        Jobs with this `rate_key` wait. A cost above the amount waits until all of it is there, \
        then runs alone.
        """),
  ]

  /// The keys of a task that a program does, from its own name down.
  static let task: [SettingKey<CommandTask>] = [
    SettingKey("queue", \.queue, .queue, "The queue that its jobs wait in."),
    SettingKey(
      "exec", \.exec, .exec,
      """
      The program and its arguments, no shell. `{name}` stands for the top-level string or number \
      of that name in the job's `args`, `{{` for a brace; a value that begins with `-` is refused. \
      The working directory is a fresh one.
      """),
    SettingKey(
      "environment", \.environment, .environment,
      "What of the environment the program gets, as `NAME` or as `NAME=value`; nothing else."),
    SettingKey(
      "timeout", \.timeout, .orNone(.duration(.milliseconds(10) ... .seconds(7 * 86_400))),
      "How long one attempt may take, unless the job says less.",
      atBound: "The program is ended, and the attempt has failed."),
    SettingKey(
      "progress.match", \.progressMatch, .pattern,
      """
      What a line of the program's output looks like that tells how far it is. Where there are \
      three groups they are a percentage, how far, and of how much; of two the latter two; one \
      is a percentage. Groups named `current`, `total` and `message` may stand anywhere instead.
      """),
    SettingKey(
      "progress.from", \.progressFrom, .choice(),
      "Where such lines are looked for. Only with `progress.match`."),
  ]
}

extension CommandTask {
  /// What ``Progress/match`` says; empty where nothing is looked for.
  fileprivate var progressMatch: String {
    get { progress?.match ?? "" }
    set { progress = newValue.isEmpty ? nil : Progress(from: progressFrom, match: newValue) }
  }

  fileprivate var progressFrom: Source {
    get { progress?.from ?? .both }
    set { progress?.from = newValue }
  }
}
