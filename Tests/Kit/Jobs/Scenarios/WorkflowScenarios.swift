import FanfareActors
import FanfareRuntime

extension JobStoreScenario {
  /// Jobs that follow one another.
  static let workflows: [Self] = [
    Self("each step gets the result of the one before") { store in
      let workflow = try await store.start([
        store.draft(), store.draft(.plain, .rest), store.draft(),
      ])
      try store.expect(workflow.state, is: .running)
      try store.expect(workflow.tasks, is: [.work, .rest, .work])
      let jobs = workflow.jobs
      try store.expect(try await store.job(jobs[1]).state, is: .waiting)
      try store.expect(try await store.look(jobs[1]).waitingFor != nil)
      try store.expect(try await store.take(9, .plain).isEmpty)
      for (index, queue) in [QueueName.prompt, .plain, .prompt].enumerated() {
        let lease = try await store.takeOne(queue)
        try store.expect(lease.job.id, is: jobs[index])
        try store.expect(lease.job.input, is: index == 0 ? nil : Array("\(index - 1)".utf8))
        let usage = JobUsage(tokens: 10, cost: 0.5, duration: 2, json: Array("{}".utf8))
        _ = try await store.succeed(lease.claim, "\(index)", usage: usage)
        try store.expect(try await store.look(at: workflow.id).stepsDone, is: index + 1)
        if index == 0 { try await store.crash() }
      }
      let end = try await store.look(at: workflow.id)
      try store.expect(end.state, is: .succeeded)
      try store.expect(end.finished != nil && !end.message.isEmpty)
      try store.expect(
        [Double(end.usage.tokens), end.usage.cost, end.usage.duration], is: [30, 1.5, 6])
      try await store.expect(.cancelWorkflow(workflow.id), refused: .over(.succeeded))
    },
    Self("its updates are published in order") { store in
      let workflow = try await store.start([store.draft(), store.draft()])
      for _ in 1...2 { _ = try await store.succeed(try await store.takeOne().claim) }
      let updates = try await store.outbox().filter { $0.key.hasPrefix("workflow:") }
      try store.expect(updates.count >= 5, "\(updates.count) updates")
      for (index, update) in updates.enumerated() {
        try store.expect(update.key, is: "workflow:\(workflow.id):\(index + 1)")
        try store.expect(update.channel.text, is: "workflow:\(workflow.id)")
        try store.expect(update.type.text, is: "workflow_update")
      }
      let words = updates.map { String(decoding: $0.data, as: UTF8.self) }
      try store.expect(words.last?.contains("\"succeeded\"") == true, "\(words)")
      try store.expect(words.first?.contains("\"running\"") == true, "\(words)")
    },
    Self("a dead step is the end of its workflow") { store in
      let workflow = try await store.start([
        store.draft { $0.attempts = 1 }, store.draft(), store.draft(),
      ])
      _ = try await store.fail(try await store.takeOne().claim)
      let end = try await store.look(at: workflow.id)
      try store.expect(end.state, is: .failed)
      for id in workflow.jobs.dropFirst() {
        try store.expect(try await store.job(id).state, is: .cancelled)
        try store.expect(try await store.kinds(id).last, is: .cancelled)
      }
      guard case .failure(.over(.dead)) = await store.ask(.cancelWorkflow(workflow.id)) else {
        throw JobStoreViolation(description: "a failed workflow can be cancelled")
      }
      try store.expect(
        try await store.outbox().last { $0.key.hasPrefix("workflow:") }
          .map { String(decoding: $0.data, as: UTF8.self).contains("\"failed\"") }, is: true)
    },
    Self("a step that is done again takes those after it with it") { store in
      let workflow = try await store.start([
        store.draft(), store.draft { $0.attempts = 1 }, store.draft(),
      ])
      _ = try await store.succeed(try await store.takeOne().claim)
      _ = try await store.fail(try await store.takeOne().claim)
      try store.expect(try await store.look(at: workflow.id).state, is: .failed)
      _ = try await store.retry(workflow.jobs[1])
      var again = try await store.look(at: workflow.id)
      try store.expect(again.state, is: .running)
      try store.expect(again.finished == nil)
      try store.expect(try await store.job(workflow.jobs[2]).state, is: .waiting)
      try store.expect(try await store.job(workflow.jobs[2]).finished == nil)
      for index in 1...2 {
        let lease = try await store.takeOne()
        try store.expect(lease.job.id, is: workflow.jobs[index])
        try store.expect(lease.job.input != nil)
        _ = try await store.succeed(lease.claim)
      }
      again = try await store.look(at: workflow.id)
      try store.expect(again.state, is: .succeeded)
      try store.expect(again.stepsDone, is: 3)
    },
    Self("a step is not done again before the one whose result it is for") { store in
      let workflow = try await store.start([
        store.draft { $0.attempts = 1 }, store.draft(), store.draft(),
      ])
      let jobs = workflow.jobs
      _ = try await store.fail(try await store.takeOne().claim)
      for index in 1...2 {
        try await store.expect(
          .retry(jobs[index], arguments: nil), refused: .stepBefore(jobs[index - 1]))
      }
      _ = try await store.retry(jobs[0])
      for id in jobs {
        let lease = try await store.takeOne()
        try store.expect(lease.job.id, is: id)
        _ = try await store.succeed(lease.claim)
      }
      try store.expect(try await store.look(at: workflow.id).state, is: .succeeded)
    },
    Self("a workflow that waits is cancelled at once") { store in
      let workflow = try await store.start([store.draft(), store.draft()])
      _ = try await store.done(.cancelWorkflow(workflow.id))
      try store.expect(try await store.look(at: workflow.id).state, is: .cancelled)
      for id in workflow.jobs {
        try store.expect(try await store.job(id).state, is: .cancelled)
      }
      try await store.expect(.cancelWorkflow(workflow.id), refused: .over(.cancelled))
      try store.expect(try await store.take().isEmpty)
    },
    Self("a late success of a cancelled workflow starts no step") { store in
      let workflow = try await store.start([store.draft(), store.draft(), store.draft()])
      let lease = try await store.takeOne()
      _ = try await store.done(.cancelWorkflow(workflow.id))
      try store.expect(try await store.look(at: workflow.id).state, is: .running)
      try store.expect(try await store.job(workflow.jobs[1]).state, is: .cancelled)
      try store.expect(try await store.beat(lease.claim).cancel, is: [lease.job.id])
      try store.expect(
        try await store.succeed(lease.claim, usage: .tokens(7)), is: .cancelled)
      let end = try await store.look(at: workflow.id)
      try store.expect(end.state, is: .cancelled)
      try store.expect(end.usage.tokens, is: 7)
      try store.expect(try await store.take().isEmpty)
      try store.expect(try await store.job(lease.job.id).result == nil)
    },
    Self("to cancel a step that runs ends the workflow with it") { store in
      let workflow = try await store.start([store.draft(), store.draft()])
      let lease = try await store.takeOne()
      try store.expect(try await store.cancel(workflow.jobs[0]), is: .running)
      try store.expect(try await store.job(workflow.jobs[1]).state, is: .cancelled)
      try store.expect(try await store.look(at: workflow.id).state, is: .running)
      _ = try await store.release(lease.claim)
      try store.expect(try await store.look(at: workflow.id).state, is: .cancelled)
    },
    Self("to cancel a step that waits lets the one before it end") { store in
      let workflow = try await store.start([store.draft(), store.draft(), store.draft()])
      let lease = try await store.takeOne()
      try store.expect(try await store.cancel(workflow.jobs[1]), is: .cancelled)
      try store.expect(try await store.job(workflow.jobs[2]).state, is: .cancelled)
      try store.expect(try await store.succeed(lease.claim), is: .succeeded)
      try store.expect(try await store.look(at: workflow.id).state, is: .cancelled)
      try store.expect(try await store.take().isEmpty)
    },
    Self("a workflow that is not there") { store in
      let workflow = try await store.start([store.draft()])
      guard let unknown = WorkflowID(workflow.jobs[0].number + 1) else { return }
      try await store.expect(.workflow(unknown), refused: .noSuchWorkflow)
      try await store.expect(.cancelWorkflow(unknown), refused: .noSuchWorkflow)
    },
  ]
}
