import FanfareServer
import FanfareTestKit
import Testing

extension BrowserTests {
  /// The page at `/jobs`.
  @Suite struct JobsPageTests {
    private static let row = "document.querySelector('#jobs tr')"
    private static let state = "document.querySelector('#detail-state').textContent"

    private static func run(
      _ body: (ServerUnderTest, JobsOverHTTP, Browser) async throws -> Void
    ) async throws {
      try await JobsOverHTTP.withFile { keepsJobs in
        try await BrowserTests.run(keepsJobs) { server, browser in
          try await body(server, JobsOverHTTP(server), browser)
        }
      }
    }

    /// Clicks what a script finds.
    private static func click(_ page: BrowserPage, _ element: String) throws {
      #expect(try page.waits(for: "\(element) && !\(element).disabled"), "\(element)")
      try page.run("\(element).click()")
    }

    /// A button of the job that is shown, by its text.
    private static func button(_ text: String) -> String {
      "[...document.querySelectorAll('#detail-body button')]"
        + ".find((one) => one.textContent === '\(text)' && one.offsetParent)"
    }

    /// What the form says of a field.
    private static func fault(_ field: String) -> String {
      "document.querySelector('#enqueue-\(field)-error').textContent"
    }

    /// What a queue's card says.
    private static func card(_ queue: String) -> String {
      "[...document.querySelectorAll('#queues li')]"
        + ".find((card) => card.querySelector('.name').textContent === '\(queue)')"
    }

    @Test func showsQueuesAndTheJobsThatCome() async throws {
      try await Self.run { server, jobs, browser in
        let page = try browser.open("\(server.url)/jobs")
        #expect(try page.waits(for: "document.querySelector('#node').textContent === 'ready'"))
        let names = try page.value(
          "[...document.querySelectorAll('#queues .name')].map((name) => name.textContent).sort()",
          as: [String].self)
        #expect(names == ["agent_queue", "cicd_queue", "git_queue", "sync_queue"])
        #expect(try page.text("#list-note").hasPrefix("No job yet"))
        let id = try jobs.enqueue("agent_queue", "plan_issue", #"{"issue":1204}"#)
        #expect(try page.waits(for: "\(Self.row)?.innerText.includes('plan_issue')"))
        #expect(try page.text("#jobs .state") == "queued")
        let queued =
          "\(Self.card("agent_queue")).querySelector('[data-state=queued] b').textContent"
        #expect(try page.waits(for: "\(queued) === '1'"))
        // The keyboard opens it: its name is a button.
        try page.run("document.querySelector('#jobs button').focus()")
        try page.press("Enter")
        #expect(try page.waits(for: "\(Self.state) === 'queued'"))
        #expect(try page.value("location.hash") == "#job=\(id)")
        #expect(try page.text("#detail-body pre").contains("1204"))
        #expect(try page.waits(for: "document.querySelector('#detail-body .why').innerText"))
        #expect(page.faults == [])
      }
    }

    @Test func enqueuesByAForm() async throws {
      try await Self.run { server, jobs, browser in
        let page = try browser.open("\(server.url)/jobs#queue=git_queue")
        let chosen = "document.querySelector('#enqueue-queue').value"
        #expect(try page.waits(for: "\(chosen) === 'git_queue'"))
        func field(_ name: String, _ value: String) throws {
          try page.run("document.querySelector('#enqueue-\(name)').value = '\(value)'")
        }
        func fault(_ name: String) throws -> String {
          let input = "document.querySelector('#enqueue-\(name)')"
          #expect(try page.waits(for: "\(input).ariaInvalid === 'true'"), "\(name)")
          #expect(try page.waits(for: "document.activeElement === \(input)"), "\(name)")
          return try page.text("#enqueue-\(name)-error")
        }
        try Self.click(page, "document.querySelector('#enqueue-box summary')")
        let button = "document.querySelector('#enqueue-do')"
        try Self.click(page, button)
        #expect(try fault("task") == "Give the job a task.")
        // The keyboard sends it, too.
        try page.type("bad name")
        try page.press("Enter")
        #expect(try page.waits(for: "\(Self.fault("task")).startsWith('Mend task')"))
        try field("task", "clone")
        try field("args", "{\"a\":")
        try Self.click(page, button)
        #expect(try fault("args").hasPrefix("Not JSON"))
        try field("args", "{\"size\": 9007199254740993}")
        try field("channel", "job:x")
        try Self.click(page, button)
        #expect(try fault("channel").contains("the server"))
        try field("channel", "project:42")
        try Self.click(page, button)
        let link = "document.querySelector('#enqueued a')"
        #expect(try page.waits(for: link))
        let id = try page.value("\(link).textContent", as: String.self)
        let job = try jobs.text("/jobs/\(id)")
        for member in [
          #""queue":"git_queue""#, #""task":"clone""#, #""channel":"project:42""#,
          #""args":{"size": 9007199254740993}"#,
        ] {
          #expect(job.contains(member), "\(job)")
        }
        #expect(try page.value("document.querySelectorAll('#enqueue [aria-invalid]').length") == 0)
        // It is listed, and its id leads to it.
        #expect(try page.waits(for: "\(Self.row)?.innerText.includes('clone')"))
        try Self.click(page, link)
        #expect(try page.waits(for: "\(Self.state) === 'queued'"))
        #expect(try page.value("location.hash") == "#queue=git_queue&job=\(id)")
        #expect(page.faults == [])
      }
    }

    @Test func aBarMovesAsTheWorkerReports() async throws {
      try await Self.run { server, jobs, browser in
        let id = try jobs.enqueue("agent_queue", "implement")
        let page = try browser.open("\(server.url)/jobs#job=\(id)")
        #expect(try page.waits(for: "\(Self.state) === 'queued'"))
        let lease = try jobs.lease("agent_queue", worker: "builder-1")
        try jobs.progress(lease, 1, of: 4, "reading")
        let inRow = "\(Self.row)?.querySelector('progress')?.value"
        #expect(try page.waits(for: "\(inRow) === 1"))
        let inDetail = "document.querySelector('#detail-body progress')"
        #expect(try page.waits(for: "\(inDetail).value === 1 && \(inDetail).max === 4"))
        try jobs.progress(lease, 3, of: 4, "writing")
        #expect(try page.waits(for: "\(inRow) === 3 && \(inDetail).value === 3"))
        #expect(
          try page.waits(for: "document.querySelector('.said').innerText.includes('writing')"))
        try jobs.succeed(lease, #"{"commit":"5f2a9c"}"#, usage: #"{"tokens":1800}"#)
        #expect(try page.waits(for: "\(Self.state) === 'succeeded'"))
        let kinds = "[...document.querySelectorAll('.timeline .type')].map((one) => one.innerText)"
        #expect(try page.waits(for: "\(kinds)[0] === 'succeeded'"))
        // The newest first; of progress in a row only the newest.
        #expect(
          try page.value(kinds, as: [String].self)
            == ["succeeded", "progress", "started", "queued"])
        let texts = try page.value(
          "[...document.querySelectorAll('#detail-body pre')].map((one) => one.innerText).join()",
          as: String.self)
        #expect(texts.contains("5f2a9c") && texts.contains("1800"))
        #expect(page.faults == [])
      }
    }

    @Test func aDeadJobIsRetriedWithOtherArguments() async throws {
      try await Self.run { server, jobs, browser in
        let id = try jobs.enqueue(
          "git_queue", "clone", #"{"url":"git://nowhere","size":9007199254740993}"#, attempts: 1)
        try jobs.fail(try jobs.lease("git_queue"), "could not resolve nowhere")
        let page = try browser.open("\(server.url)/jobs")
        let dead = "\(Self.card("git_queue"))?.querySelector('[data-state=dead]')"
        #expect(try page.waits(for: "\(dead)?.innerText === '1 dead'"))
        try Self.click(page, dead)
        #expect(try page.waits(for: "\(Self.row)?.innerText.includes('could not resolve')"))
        try page.run("\(Self.row).click()")
        #expect(try page.waits(for: "\(Self.state) === 'dead'"))
        #expect(try page.text("#detail-body .errors").contains("could not resolve nowhere"))
        try Self.click(page, Self.button("Retry …"))
        let input = "document.querySelector('#job-arguments')"
        // A number of JSON keeps its digits.
        #expect(try page.value("\(input).value", as: String.self).contains("9007199254740993"))
        try page.run("\(input).value = '{'")
        try Self.click(page, Self.button("Retry"))
        #expect(try page.waits(for: "\(input).ariaInvalid === 'true'"))
        try page.run(#"\#(input).value = '{"url": "git://here"}'"#)
        try Self.click(page, Self.button("Retry"))
        #expect(try page.waits(for: "\(Self.state) === 'queued'"))
        #expect(try jobs.text("/jobs/\(id)").contains(#""args":{"url": "git://here"}"#))
        // What had ended with the job is followed anew.
        try jobs.succeed(try jobs.lease("git_queue"))
        let newest = "document.querySelector('.timeline .type')?.innerText"
        #expect(try page.waits(for: "\(newest) === 'succeeded'"))
        #expect(page.faults == [])
      }
    }

    @Test func manyDeadJobsAreRetriedAndPurged() async throws {
      try await Self.run { server, jobs, browser in
        for number in 1...6 {
          _ = try jobs.enqueue("git_queue", number > 4 ? "push" : "clone", attempts: 1)
          try jobs.fail(try jobs.lease("git_queue"), "fault \(number)")
        }
        let page = try browser.open("\(server.url)/jobs#queue=git_queue&state=dead&error=fault+2")
        let rows = "document.querySelectorAll('#jobs tr').length"
        #expect(try page.waits(for: "\(rows) === 1"))
        #expect(try page.text("#dead-retry") == "Retry all like these")
        try page.run("document.querySelector('#rate').value = '100/s'")
        try Self.click(page, "document.querySelector('#dead-retry')")
        #expect(try page.waits(for: "\(rows) === 0"))
        #expect(try page.text("#dead-said") == "1 job to be retried at 100/s")
        try page.run("location.hash = '#queue=git_queue&state=dead&task=push'")
        #expect(try page.waits(for: "\(rows) === 2"))
        // Who does not confirm keeps them.
        try Self.click(page, "document.querySelector('#dead-purge')")
        #expect(try page.text("#confirm-text").contains("of the task push"))
        try page.press("Enter")
        #expect(try page.waits(for: "!document.querySelector('#confirm').open"))
        #expect(try jobs.dead("git_queue") == 5)
        try Self.click(page, "document.querySelector('#dead-purge')")
        try Self.click(page, "document.querySelector('#confirm-yes')")
        #expect(try page.waits(for: "\(rows) === 0"))
        #expect(try jobs.dead("git_queue") == 3)
        // Those that are chosen, and only they.
        try page.run("location.hash = '#queue=git_queue&state=dead'")
        #expect(try page.waits(for: "\(rows) === 3"))
        try page.run("document.querySelector('#jobs input').click()")
        #expect(try page.text("#dead-retry") == "Retry 1 chosen")
        try Self.click(page, "document.querySelector('#dead-retry')")
        #expect(try page.waits(for: "\(rows) === 2"))
        #expect(page.faults == [])
      }
    }

    @Test func aQueueIsPausedAndResumed() async throws {
      try await Self.run { server, jobs, browser in
        let page = try browser.open("\(server.url)/jobs")
        let card = Self.card("sync_queue")
        #expect(try page.waits(for: card))
        try Self.click(page, "\(card).querySelector('.act')")
        #expect(try page.waits(for: "\(card).querySelector('.state').innerText === 'paused'"))
        _ = try jobs.enqueue("sync_queue", "pull")
        #expect(try jobs.leases("sync_queue").isEmpty)
        #expect(try page.value("\(card).querySelector('.act').innerText") == "Resume")
        try Self.click(page, "\(card).querySelector('.act')")
        #expect(try page.waits(for: "!\(card).querySelector('.state').offsetParent"))
        #expect(try jobs.leases("sync_queue").count == 1)
        #expect(page.faults == [])
      }
    }

    @Test func aRunningJobIsAskedToStop() async throws {
      try await Self.run { server, jobs, browser in
        let id = try jobs.enqueue("agent_queue", "long")
        let lease = try jobs.lease("agent_queue")
        let page = try browser.open("\(server.url)/jobs#job=\(id)")
        #expect(try page.waits(for: "\(Self.state) === 'running'"))
        try Self.click(page, Self.button("Cancel the job"))
        var isAsked = false
        for _ in 0..<200 where !isAsked { isAsked = try jobs.progress(lease, 1).contains("true") }
        #expect(isAsked)
        try jobs.succeed(lease)
        #expect(try page.waits(for: "\(Self.state) === 'cancelled'"))
        #expect(page.faults == [])
      }
    }

    @Test func whatComesFromOutsideIsText() async throws {
      try await Self.run { server, jobs, browser in
        let hostile = "<img src=x onerror='window.isTaken=1'>"
        let id = try jobs.enqueue("agent_queue", "t", #"{"<b>":"\#(hostile)"}"#)
        let first = try jobs.lease("agent_queue")
        try jobs.progress(first, 1, of: 2, hostile)
        let page = try browser.open("\(server.url)/jobs#job=\(id)")
        #expect(
          try page.waits(for: "document.querySelector('#jobs .said')?.innerText.includes('<img')"))
        #expect(
          try page.waits(for: "document.querySelector('.timeline')?.innerText.includes('<img')"))
        try jobs.fail(first, hostile)
        #expect(
          try page.waits(for: "document.querySelector('.errors')?.innerText.includes('<img')"))
        #expect(try page.text("#detail-body").contains(#""<b>": "\#(hostile)""#))
        // The address is somebody else's word too.
        try page.go(to: "about:blank")
        try page.go(
          to: "\(server.url)/jobs#queue=%3Cimg%20src%3Dx%3E&task=%3Cb%3E&job=%3Cimg%20src%3Dy%3E")
        #expect(
          try page.waits(for: "document.querySelector('#detail-state').dataset.state === 'bad'"))
        #expect(try page.value("document.images.length") == 0)
        #expect(try page.value("window.isTaken === undefined") == true)
        #expect(page.faults == [])
      }
    }

    @Test func aWorkflowShowsItsStepsAndTotals() async throws {
      try await Self.run { server, jobs, browser in
        let workflow = try jobs.startWorkflow("agent_queue", ["analyze", "design", "implement"])
        let page = try browser.open("\(server.url)/jobs")
        try Self.click(page, "document.querySelector('#find-id')")
        try page.run("document.querySelector('#find-id').focus()")
        try page.type(workflow)
        try page.press("Enter")
        #expect(try page.waits(for: "\(Self.state) === 'running'"))
        #expect(try page.value("location.hash") == "#workflow=\(workflow)")
        try jobs.succeed(try jobs.lease("agent_queue"), "1", usage: #"{"tokens":1200}"#)
        let states = "[...document.querySelectorAll('.steps .state')].map((one) => one.innerText)"
        #expect(try page.waits(for: "\(states).join() === 'succeeded,queued,waiting'"))
        #expect(try page.text("#detail-body").contains("1,200 tokens"))
        // A step leads to its job, and that back.
        try Self.click(page, "document.querySelector('.steps li:nth-child(3) a')")
        #expect(try page.waits(for: "\(Self.state) === 'waiting'"))
        try page.run("history.back()")
        #expect(try page.waits(for: "\(Self.state) === 'running'"))
        try Self.click(page, Self.button("Cancel the workflow …"))
        try Self.click(page, "document.querySelector('#confirm-yes')")
        #expect(try page.waits(for: "\(Self.state) === 'cancelled'"))
        #expect(page.faults == [])
      }
    }

    @Test func thePagesLeadToEachOther() async throws {
      try await Self.run { server, jobs, browser in
        let page = try browser.open(server.url)
        try page.run("document.querySelector('nav a[href=jobs]').click()")
        #expect(try page.waits(for: "document.querySelectorAll('#queues li').length === 4"))
        let id = try jobs.enqueue("agent_queue", "t", channel: "project:42")
        try page.run("location.hash = '#job=\(id)'")
        try Self.click(page, "document.querySelector('#detail-body dd a')")
        #expect(try page.waits(for: "document.querySelector('#followed b')"))
        #expect(try page.text("#followed b") == "project:42")
        #expect(page.faults == [])
      }
    }

    @Test func aThousandJobsAreSomeRows() async throws {
      try await Self.run { server, jobs, browser in
        try jobs.enqueue(
          lines: (0..<1_000).map { #"{"task":"t\#($0 % 3)","args":\#($0)}"# }, "git_queue")
        let page = try browser.open("\(server.url)/jobs")
        let rows = "document.querySelectorAll('#jobs tr').length"
        #expect(try page.waits(for: "\(rows) === 100"))
        let first = "document.querySelector('#jobs .id').innerText"
        let newest = try page.value(first, as: String.self)
        try Self.click(page, "document.querySelector('#older')")
        #expect(try page.waits(for: "\(first) !== '\(newest)'"))
        #expect(try page.value(rows) == 100)
        try Self.click(page, "document.querySelector('#newest')")
        #expect(try page.waits(for: "\(first) === '\(newest)'"))
        #expect(page.faults == [])
      }
    }

    @Test func goesOnWhereAPageIsEmpty() async throws {
      try await Self.run { server, jobs, browser in
        let rare = try jobs.enqueue("agent_queue", "rare")
        let lines = Array(repeating: #"{"task":"t"}"#, count: 1_000)
        for _ in 0..<11 { try jobs.enqueue(lines: lines, "git_queue") }
        let page = try browser.open("\(server.url)/jobs#task=rare")
        #expect(try page.waits(for: "document.querySelector('#jobs .id')"))
        #expect(try page.text("#jobs .id") == rare)
        #expect(try page.text("#list-count") == "1 job")
        #expect(page.faults == [])
      }
    }

    @Test func fitsANarrowScreenWithOrWithoutAJob() async throws {
      try await Self.run { server, jobs, browser in
        let long = String(repeating: "n", count: 128)
        let id = try jobs.enqueue(
          "agent_queue", long, "\"\(String(repeating: "x", count: 3_000))\"", attempts: 1)
        try jobs.fail(try jobs.lease("agent_queue"), String(repeating: "e", count: 500))
        let page = try browser.open("\(server.url)/jobs", width: 360)
        #expect(try page.waits(for: Self.row))
        #expect(try page.value("document.documentElement.scrollWidth") == 360)
        try page.run("location.hash = '#job=\(id)'")
        #expect(try page.waits(for: "\(Self.state) === 'dead'"))
        #expect(try page.value("document.documentElement.scrollWidth") == 360)
        #expect(page.faults == [])
      }
    }
  }
}
