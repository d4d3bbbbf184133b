import Foundation

/// A headless Chromium under test control (the DevTools protocol). Used by one thread at a time.
package final class Browser {
  /// Where Debian and others put it.
  private static let executables = ["/usr/bin/chromium", "/usr/bin/chromium-browser"]

  private static var executable: String? {
    executables.first { FileManager.default.isExecutableFile(atPath: $0) }
  }

  /// Whether there is one to test with.
  package static var isInstalled: Bool { executable != nil }

  private let process: BrowserProcess
  private var nextID = 1
  private var pages: [String: BrowserPage] = [:]

  package init() throws {
    guard let executable = Self.executable else { throw ClientFailure.closed("no chromium") }
    process = try BrowserProcess(executable)
  }

  package func close() { process.end() }

  /// Opens `url` in a tab of its own and waits until it is loaded.
  ///
  /// - Parameter width: of the window, in CSS pixels.
  package func open(_ url: String, width: Int = 1_280) throws -> BrowserPage {
    let target = try command("Target.createTarget", ["url": "about:blank"])["targetId"]
    let session = try command(
      "Target.attachToTarget", ["targetId": target as? String ?? "", "flatten": true])
    let page = BrowserPage(browser: self, session: session["sessionId"] as? String ?? "")
    pages[page.session] = page
    for domain in ["Page", "Runtime", "Log"] { try page.command("\(domain).enable") }
    try page.command(
      "Emulation.setDeviceMetricsOverride",
      ["width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 600])
    try page.go(to: url)
    return page
  }

  /// Sends a command and waits for its answer; what pages tell meanwhile goes to them.
  @discardableResult
  func command(
    _ method: String, _ parameters: [String: Any] = [:], session: String? = nil,
    _ deadline: Deadline = Deadline()
  ) throws -> [String: Any] {
    let id = nextID
    nextID += 1
    var message: [String: Any] = ["id": id, "method": method, "params": parameters]
    message["sessionId"] = session
    try process.send(Array(try JSONSerialization.data(withJSONObject: message)))
    while let bytes = try process.receive(deadline) {
      let parsed = try JSONSerialization.jsonObject(with: Data(bytes))
      guard let told = parsed as? [String: Any] else { continue }
      guard told["id"] as? Int == id else {
        if let page = (told["sessionId"] as? String).flatMap({ pages[$0] }) { page.hear(told) }
        continue
      }
      if let error = told["error"] { throw ClientFailure.malformed("\(method): \(error)") }
      return told["result"] as? [String: Any] ?? [:]
    }
    throw ClientFailure.timedOut(method)
  }
}
