/// A file of the live page or of the browser client. The binary carries them all, so that it needs
/// nothing beside it.
package enum PageFile: String, CaseIterable, Sendable {
  case page = ""
  case pageStyle = "page.css"
  case pageScript = "page.js"
  case client = "fanfare.js"
  case clientTypes = "fanfare.d.ts"

  /// Its bytes, as they stand in the folder `Assets`.
  package var bytes: [UInt8] {
    switch self {
    case .page: PackageResources.index_html
    case .pageStyle: PackageResources.page_css
    case .pageScript: PackageResources.page_js
    case .client: PackageResources.fanfare_js
    case .clientTypes: PackageResources.fanfare_d_ts
    }
  }

  /// Its media type.
  package var contentType: String {
    switch self {
    case .page: "text/html; charset=utf-8"
    case .pageStyle: "text/css; charset=utf-8"
    case .pageScript, .client: "text/javascript; charset=utf-8"
    // A browser would take video/mp2t for it.
    case .clientTypes: "text/plain; charset=utf-8"
    }
  }
}
