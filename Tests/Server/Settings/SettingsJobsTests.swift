import FanfareActors
import FanfareRuntime
import Testing

@testable import FanfareServer

@Suite struct SettingsJobsTests {
  static let example = """
    jobs: { store: auto, path: fanfare.sqlite, retention: 7d }
    queues:
      agent_queue:
        { prefetch: 1, concurrency: 4, lease: 30s, attempts: 25, retry: { base: 1s, cap: 10m } }
      slow: { max-running: 8 }
    limits:
      openai: { requests: 500/min, tokens: 200000/min }
      jobs: 9
    tasks:
      clone:
        queue: git_queue
        exec: [git, clone, --progress, "{url}", repo]
        progress: { from: stderr, match: '(\\d+)% \\((\\d+)/(\\d+)\\)' }
    """

  @Test func theContractsExampleLoads() throws {
    let settings = try SettingsSandbox().load(Self.example).get()
    var expected = Settings()
    var slow = QueueSettings()
    slow.runningMax = 8
    expected.queues[QueueName(checked: "slow")] = slow
    expected.budgets[RateKey(checked: "openai")] = RateBudget(
      requests: .init(amount: 500, per: .seconds(60)),
      tokens: .init(amount: 200_000, per: .seconds(60)))
    expected.limits.jobsMax = 9
    var clone = CommandTask(
      queue: "git_queue", exec: ["git", "clone", "--progress", "{url}", "repo"])
    clone.progress = .init(from: .stderr, match: #"(\d+)% \((\d+)/(\d+)\)"#)
    expected.tasks[TaskName(checked: "clone")] = clone
    #expect(settings == expected)
    #expect(settings.queues[QueueName(checked: "git_queue")]?.concurrency == 8)
    // Printed, it is the same again.
    #expect(try SettingsSandbox().load(settings.describe()) == .success(settings))
  }

  @Test func whatIsSetInCodeIsHeldToTheSameBounds() throws {
    var settings = Settings()
    settings[queue: "images"] = QueueSettings(prefetch: 1, concurrency: 2)
    settings[budget: "openai"] = RateBudget(tokens: .init(amount: 5, per: .seconds(3_600)))
    try settings.validate()
    #expect(try SettingsSandbox().load(settings.describe()) == .success(settings))
    let wrong: [(change: (inout Settings) -> Void, said: String)] = [
      ({ $0[queue: "a b"] = QueueSettings() }, "queues.a b"),
      ({ $0[queue: "images"]?.concurrency = 0 }, "queues.images.concurrency"),
      ({ $0[queue: "images"]?.runningMax = 0 }, "queues.images.max-running"),
      ({ $0[queue: "images"]?.lease = .milliseconds(99) }, "queues.images.lease"),
      ({ $0[queue: "images"]?.retry.base = .seconds(601) }, "queues.images.retry.cap"),
      ({ $0[budget: ""] = RateBudget() }, "limits."),
      (
        { $0[budget: "openai"]?.tokens = .init(amount: 5, per: .seconds(2)) },
        "limits.openai.tokens"
      ),
      ({ $0[budget: "openai"]?.tokens?.amount = 0 }, "limits.openai.tokens"),
    ]
    for (change, said) in wrong {
      var bad = settings
      change(&bad)
      do {
        try bad.validate()
        Issue.record("\(said) is allowed")
      } catch {
        #expect(error.description.contains(said), "\(error)")
      }
    }
  }

  @Test func laterSourcesWinForNamesToo() throws {
    let settings = try SettingsSandbox().load(
      Self.example,
      environment: [
        "FANFARE_QUEUES_AGENT_QUEUE_RETRY_BASE": "2s", "FANFARE_QUEUES_FAST_CONCURRENCY": "2",
        "FANFARE_LIMITS_OPENAI_TOKENS": "none",
      ],
      overrides: [
        ("queues.agent_queue.retry.base", "3s"), ("queues.a.b.retry.cap", "5m"),
        ("limits.openai.requests", "7/s"),
      ]
    ).get()
    #expect(settings.queues[QueueName(checked: "agent_queue")]?.retry.base == .seconds(3))
    #expect(settings.queues[QueueName(checked: "fast")]?.concurrency == 2)
    #expect(settings.queues[QueueName(checked: "a.b")]?.retry.cap == .seconds(300))
    let budget = settings.budgets[RateKey(checked: "openai")]
    #expect(budget == RateBudget(requests: .init(amount: 7, per: .seconds(1))))
  }

  @Test(arguments: [
    (
      "queues:\n  a: { concurency: 4 }",
      "queues.a.concurency: unknown key (fanfare.yaml line 2); did you mean queues.a.concurrency?"
    ),
    (
      "queues:\n  a: { retry: { bas: 1s } }",
      "queues.a.retry.bas: unknown key (fanfare.yaml line 2); did you mean queues.a.retry.base?"
    ),
    (
      "queues:\n  'a b': {}",
      """
      queues.a b: is no name for one of the queues (fanfare.yaml line 2); \
      allowed: 1-128 characters of A-Z a-z 0-9 _ . : @ -
      """
    ),
    (
      "limits:\n  opnai: 5",
      "limits.opnai: unknown key (fanfare.yaml line 2); fanfare config reference lists the keys"
    ),
    (
      "limits:\n  job-arg: 5",
      "limits.job-arg: unknown key (fanfare.yaml line 2); did you mean limits.job-args?"
    ),
    (
      "limits:\n  openai: { requests: 5/week }",
      """
      limits.openai.requests: "5/week" is not allowed (fanfare.yaml line 2); allowed: none, or \
      a whole number up to 1000000000 per s, min, h or d, like 500/min
      """
    ),
    (
      "jobs:\n  store: redis",
      """
      jobs.store: "redis" keeps no jobs in this version yet (fanfare.yaml line 2); \
      allowed: auto, sqlite or off
      """
    ),
    (
      "jobs: { store: sqlite }\nbackplane: redis",
      """
      jobs.store: "sqlite" keeps jobs where the other nodes of the cluster cannot find them \
      (fanfare.yaml line 1); allowed: off, or jobs.only-here: true where all other nodes have \
      jobs.store: off
      """
    ),
    (
      "queues:\n  a: { retry: { cap: 10ms } }",
      """
      queues.a.retry.cap: "10ms" is too small (fanfare.yaml line 2); \
      allowed: at least queues.a.retry.base, which is 1s
      """
    ),
    (
      "tasks:\n  clone: { queue: gti_queue, exec: [git] }",
      """
      tasks.clone.queue: "gti_queue" is not a queue (fanfare.yaml line 2); \
      allowed: agent_queue, cicd_queue, git_queue, sync_queue
      """
    ),
    (
      "tasks:\n  clone: { queue: git_queue }",
      """
      tasks.clone.exec: no program (the default); \
      allowed: a program, then its arguments; {name} for a member of args, {{ for a brace
      """
    ),
    (
      "tasks:\n  clone: { queue: git_queue, exec: git }",
      """
      tasks.clone.exec: "git" is not a list (fanfare.yaml line 2); \
      allowed: a list of a program and its arguments, like [git, clone, "{url}"]
      """
    ),
  ])
  func whatIsWrongIsNamed(_ yaml: String, _ line: String) throws {
    #expect(try SettingsSandbox().load(yaml).line == line)
  }

  @Test func aVariableBringsNoBudgetOrTask() throws {
    for variable in ["FANFARE_LIMITS_OPENAI_REQUESTS", "FANFARE_TASKS_CLONE_QUEUE"] {
      let line = try SettingsSandbox().load(environment: [variable: "5/s"]).line
      #expect(line?.hasPrefix("\(variable): unknown key (environment)") == true, "\(line ?? "")")
    }
  }

  @Test func jobsAreKeptWhereTheSettingsSay() {
    var settings = Settings()
    #expect(settings.keepsJobs)
    settings.backplane = .redis
    #expect(!settings.keepsJobs)
    settings.jobs.store = .sqlite
    #expect(settings.keepsJobs)
    settings.jobs.store = .off
    #expect(!settings.keepsJobs)
  }
}
