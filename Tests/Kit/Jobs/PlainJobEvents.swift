import FanfareActors

/// Says in an event what a test wants to compare: nothing that differs from one store to another,
/// such as ids and times.
package struct PlainJobEvents: JobEventWriter {
  package init() {}

  package func data(of kind: JobEventKind, _ job: Job) -> [UInt8] {
    var parts = ["\"task\":\"\(job.task)\""]
    switch kind {
    case .progress:
      parts.append("\"current\":\(job.progress?.current ?? -1)")
    case .checkpoint:
      parts.append("\"checkpoint\":\(text(job.checkpoint))")
    case .failed:
      parts.append("\"error\":\"\(job.errors.last?.text.prefix(20) ?? "")\"")
      parts.append("\"attempt\":\(job.attempt),\"failures\":\(job.failures)")
    case .queued, .started, .retrying, .succeeded, .dead, .cancelled:
      parts.append("\"state\":\"\(job.state.word)\",\"attempt\":\(job.attempt)")
      parts.append("\"result\":\(text(job.result))")
    }
    return Array("{\(parts.joined(separator: ","))}".utf8)
  }

  package func data(of workflow: Workflow, message: String, at time: Int64) -> [UInt8] {
    let words = [
      "\"status\":\"\(workflow.state)\"", "\"done\":\(workflow.stepsDone)",
      "\"steps\":\(workflow.jobs.count)", "\"tokens\":\(workflow.usage.tokens)",
    ]
    return Array("{\(words.joined(separator: ","))}".utf8)
  }

  private func text(_ bytes: [UInt8]?) -> String {
    bytes.map { String(decoding: $0, as: UTF8.self) } ?? "null"
  }
}
