import FanfareActors
import FanfareRuntime

/// Writes what the events of jobs and workflows say. Called on the store's loop.
struct JobEventJSON: JobEventWriter {
  /// The bytes of a result that an event carries; a larger one is to be asked for.
  private let resultBytesMax: Int
  private let errorBytesMax: Int

  init(_ limits: Limits) {
    resultBytesMax = limits.eventDataBytesMax / 2
    errorBytesMax = limits.eventDataBytesMax / 8
  }

  func data(of kind: JobEventKind, _ job: Job) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(192)
    var writer = JSONWriter(appendingTo: bytes)
    writer.beginObject()
    writer.member("job", job.id.description)
    writer.member("task", job.task.text)
    writer.member("queue", job.queue.text)
    writer.member("attempt", job.attempt)
    writer.member("state", job.state.word)
    if let step = job.workflow { writer.member("workflow", step.workflow.description) }
    write(kind, job, to: &writer)
    writer.endObject()
    return writer.bytes
  }

  private func write(_ kind: JobEventKind, _ job: Job, to writer: inout JSONWriter) {
    switch kind {
    case .queued, .cancelled, .checkpoint: break
    case .started: if let worker = job.worker { writer.member("worker", worker.text) }
    case .progress: if let progress = job.progress { JobJSON.writeMembers(progress, to: &writer) }
    case .failed:
      writeError(job, to: &writer)
      writer.member("failures", job.failures)
      writer.member("attempts", job.attemptsMax)
    case .retrying:
      writeError(job, to: &writer)
      writer.member("next_at", time: job.nextAt)
    case .succeeded:
      if let result = job.result {
        if result.count <= resultBytesMax {
          writer.member("result", raw: result)
        } else {
          writer.member("result_bytes", result.count)
        }
      }
      if let usage = job.usage, usage.json.count <= errorBytesMax {
        writer.member("usage", raw: usage.json)
      }
    case .dead:
      if case .dead(let reason) = job.state { writer.member("reason", reason.rawValue) }
      writeError(job, to: &writer)
    }
  }

  private func writeError(_ job: Job, to writer: inout JSONWriter) {
    guard let error = job.errors.last else { return }
    writer.member("error", String(error.text.prefix(errorBytesMax / 4)))
  }

  func data(of workflow: Workflow, message: String, at time: Int64) -> [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    writer.member("workflow_id", workflow.id.description)
    writer.member("status", workflow.state.rawValue)
    writer.member("current_step", min(workflow.stepsDone + 1, workflow.jobs.count))
    writer.member("total_steps", workflow.jobs.count)
    writer.member("message", message)
    writer.member("timestamp", time: time)
    writer.key("usage")
    JobJSON.write(workflow.usage, to: &writer)
    writer.endObject()
    return writer.bytes
  }
}
