import Foundation

@testable import FanfareServer

/// Loads settings from files in a directory of its own.
final class SettingsSandbox {
  let directory: String

  init() throws {
    let url = FileManager.default.temporaryDirectory.appending(path: "fanfare-\(UUID())")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    directory = url.path
  }

  deinit {
    try? FileManager.default.removeItem(atPath: directory)
  }

  func path(_ name: String) -> String { "\(directory)/\(name)" }

  func write(_ bytes: some Sequence<UInt8>, to name: String) throws {
    try Data(bytes).write(to: URL(filePath: path(name)))
  }

  /// The settings, or the line that is told instead, in which the file is called `fanfare.yaml`.
  func load(
    _ yaml: String? = nil, environment: [String: String] = [:],
    overrides: [(key: String, value: String)] = []
  ) throws -> Result<Settings, Line> {
    if let yaml { try write(yaml.utf8, to: "fanfare.yaml") }
    return load(
      file: yaml == nil ? nil : "fanfare.yaml", environment: environment, overrides: overrides)
  }

  func load(
    file: String?, environment: [String: String] = [:],
    overrides: [(key: String, value: String)] = []
  ) -> Result<Settings, Line> {
    do {
      return .success(
        try Settings.load(
          file: file.map(path), environment: environment, overrides: overrides,
          defaultFile: path("fanfare.yaml")))
    } catch {
      return .failure(
        Line(text: error.description.replacingOccurrences(of: directory + "/", with: "")))
    }
  }

  struct Line: Error, Equatable { var text: String }
}

extension Result where Failure == SettingsSandbox.Line {
  var line: String? {
    switch self {
    case .success: nil
    case .failure(let line): line.text
    }
  }
}
