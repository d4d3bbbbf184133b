import Foundation

/// One tab of a ``Browser``.
package final class BrowserPage {
  let session: String
  private let browser: Browser
  /// What the page's scripts threw or complained of, and what its content policy refused. Answers
  /// with an error status are no fault of the page.
  package private(set) var faults: [String] = []

  init(browser: Browser, session: String) {
    self.browser = browser
    self.session = session
  }

  @discardableResult
  func command(
    _ method: String, _ parameters: [String: Any] = [:], _ deadline: Deadline = Deadline()
  ) throws -> [String: Any] {
    try browser.command(method, parameters, session: session, deadline)
  }

  func hear(_ told: [String: Any]) {
    let parameters = told["params"] as? [String: Any] ?? [:]
    switch told["method"] as? String {
    case "Runtime.exceptionThrown": faults.append("\(parameters["exceptionDetails"] ?? "")")
    case "Runtime.consoleAPICalled":
      let type = parameters["type"] as? String
      if type == "error" || type == "warning" { faults.append("\(parameters["args"] ?? "")") }
    case "Log.entryAdded":
      let entry = parameters["entry"] as? [String: Any] ?? [:]
      guard entry["source"] as? String != "network", entry["level"] as? String == "error" else {
        return
      }
      faults.append("\(entry["text"] ?? "")")
    default: break
    }
  }

  // MARK: Going

  package func go(to url: String) throws {
    let answer = try command("Page.navigate", ["url": url])
    if let error = answer["errorText"] { throw ClientFailure.malformed("\(url): \(error)") }
    try awaitLoad()
  }

  package func reload() throws {
    try run("window.isOfBefore = true")
    try command("Page.reload")
    try awaitLoad()
  }

  private func awaitLoad() throws {
    let loaded = "document.readyState === 'complete' && !window.isOfBefore"
    guard try waits(for: loaded) else { throw ClientFailure.timedOut("the page's load") }
  }

  // MARK: Asking

  /// Runs `script`, which may `await`, as the body of a function.
  package func run(_ script: String, _ deadline: Deadline = Deadline()) throws {
    _ = try evaluate("(async () => { \(script)\n })().then(() => null)", deadline)
  }

  /// The value of an expression, or of what it promises.
  package func value<Value: Decodable>(
    _ expression: String, as type: Value.Type = Value.self, _ deadline: Deadline = Deadline()
  ) throws -> Value {
    let text = try evaluate(
      "(async () => JSON.stringify((await (\(expression))) ?? null))()", deadline)
    do {
      return try JSONDecoder().decode(type, from: Data((text ?? "null").utf8))
    } catch {
      throw ClientFailure.malformed("\(expression) is \(text ?? "nothing")")
    }
  }

  /// The text of the first element that matches.
  package func text(_ selector: String) throws -> String {
    try value("document.querySelector('\(selector)')?.textContent ?? 'no such element'")
  }

  /// Whether `condition` holds before the deadline.
  package func waits(for condition: String, _ deadline: Deadline = Deadline()) throws -> Bool {
    while true {
      do {
        if try value("Boolean(\(condition))", deadline) { return true }
      } catch ClientFailure.malformed where !deadline.hasPassed {
        // The document that was asked has just gone.
      } catch ClientFailure.timedOut where deadline.hasPassed {
        return false
      }
      if deadline.hasPassed { return false }
      // The page's own time, so that it can get on.
      _ = try? evaluate("new Promise((done) => setTimeout(done, 10))", deadline)
    }
  }

  private func evaluate(_ expression: String, _ deadline: Deadline) throws -> String? {
    let answer = try command(
      "Runtime.evaluate",
      ["expression": expression, "awaitPromise": true, "returnByValue": true], deadline)
    if let thrown = answer["exceptionDetails"] {
      throw ClientFailure.malformed("\(expression.prefix(200)): \(thrown)")
    }
    return (answer["result"] as? [String: Any])?["value"] as? String
  }

  // MARK: Keys

  /// Presses and releases a key: `Tab`, `Enter` or `Space`.
  package func press(_ key: String) throws {
    let codes: [String: (code: Int, text: String)] = [
      "Tab": (9, ""), "Enter": (13, "\r"), "Space": (32, " "),
    ]
    guard let known = codes[key] else { throw ClientFailure.malformed("key \(key)") }
    for type in ["keyDown", "keyUp"] {
      var parameters: [String: Any] = [
        "type": type, "key": key == "Space" ? " " : key, "code": key,
        "windowsVirtualKeyCode": known.code,
      ]
      if type == "keyDown", !known.text.isEmpty { parameters["text"] = known.text }
      try command("Input.dispatchKeyEvent", parameters)
    }
  }

  /// Types into whatever has the focus.
  package func type(_ text: String) throws { try command("Input.insertText", ["text": text]) }
}
