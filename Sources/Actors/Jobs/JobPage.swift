/// A part of a list of jobs, the newest first.
package struct JobPage: Sendable, Equatable {
  /// A page ends with the job by which it has so many bytes of what may be long.
  package static let bytesMax = 8 * 1_024 * 1_024
  /// The jobs that are looked at for one page and are not in it.
  package static let passedMax = 10_000

  /// None where all that were looked at are others.
  package var jobs: [Job]
  /// The `before` of the following page; `nil` where there is nothing more.
  package var next: JobID?

  /// A page that ends where `next` begins.
  package init(_ jobs: [Job] = [], next: JobID? = nil) {
    self.jobs = jobs
    self.next = next
  }
}

extension Job {
  /// The bytes of all that may be long.
  package var bytes: Int {
    let texts = [arguments, input ?? [], checkpoint ?? [], result ?? [], usage?.json ?? []]
    return texts.reduce(0) { $0 + $1.count } + errors.reduce(0) { $0 + $1.text.utf8.count }
      + (progress?.message?.utf8.count ?? 0)
  }
}
