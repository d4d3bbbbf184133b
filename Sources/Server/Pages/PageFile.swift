/// A file of the pages or of the browser client. The binary carries them all, so that it needs
/// nothing beside it.
package enum PageFile: String, CaseIterable, Sendable {
  case page = ""
  case pageStyle = "page.css"
  case pageScript = "page.js"
  case jobs = "jobs"
  case jobsStyle = "jobs.css"
  case jobsScript = "jobs.js"
  case jobScript = "job.js"
  case enqueueScript = "enqueue.js"
  case parts = "parts.js"
  case client = "fanfare.js"
  case clientTypes = "fanfare.d.ts"

  /// Whether it is a page that people visit; the others are what pages are made of.
  package var isPage: Bool { self == .page || self == .jobs }

  /// Its bytes, as they stand in the folder `Assets`.
  package var bytes: [UInt8] {
    switch self {
    case .page: PackageResources.index_html
    case .pageStyle: PackageResources.page_css
    case .pageScript: PackageResources.page_js
    case .jobs: PackageResources.jobs_html
    case .jobsStyle: PackageResources.jobs_css
    case .jobsScript: PackageResources.jobs_js
    case .jobScript: PackageResources.job_js
    case .enqueueScript: PackageResources.enqueue_js
    case .parts: PackageResources.parts_js
    case .client: PackageResources.fanfare_js
    case .clientTypes: PackageResources.fanfare_d_ts
    }
  }

  /// Its media type.
  package var contentType: String {
    switch self {
    case .page, .jobs: "text/html; charset=utf-8"
    case .pageStyle, .jobsStyle: "text/css; charset=utf-8"
    case .pageScript, .jobsScript, .jobScript, .enqueueScript, .parts, .client:
      "text/javascript; charset=utf-8"
    // A browser would take video/mp2t for it.
    case .clientTypes: "text/plain; charset=utf-8"
    }
  }
}
