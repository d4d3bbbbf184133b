/// A page in the Prometheus text format, read strictly.
package struct PrometheusPage: Sendable {
  /// The values by name and labels, as they stand on the page: `name{label="value"}`.
  package private(set) var samples: [String: Double] = [:]
  /// The types by name of the metric.
  package private(set) var types: [String: String] = [:]

  package init(_ text: String) throws {
    guard text.hasSuffix("\n") else { throw ClientFailure.malformed("no LF at the end") }
    var helps: Set<String> = []
    var current: Substring = ""
    for line in text.dropLast().split(separator: "\n", omittingEmptySubsequences: false) {
      let words = line.split(separator: " ", omittingEmptySubsequences: false)
      if line.hasPrefix("# HELP ") {
        guard words.count > 3, helps.insert(String(words[2])).inserted else {
          throw ClientFailure.malformed("\(line)")
        }
      } else if line.hasPrefix("# TYPE ") {
        guard words.count == 4, ["counter", "gauge", "histogram"].contains(words[3]),
          types.updateValue(String(words[3]), forKey: String(words[2])) == nil,
          helps.contains(String(words[2]))
        else { throw ClientFailure.malformed("\(line)") }
        current = words[2]
      } else {
        // The samples of a metric stand together, behind its type.
        guard line.hasPrefix(current) else { throw ClientFailure.malformed("\(line)") }
        try read(sample: line)
      }
    }
    guard helps.count == types.count else { throw ClientFailure.malformed("HELP without TYPE") }
    try checkHistograms()
  }

  private mutating func read(sample line: Substring) throws {
    guard let space = line.lastIndex(of: " "), let value = Double(line[line.index(after: space)...])
    else { throw ClientFailure.malformed("\(line)") }
    let key = line[..<space]
    let name = key.prefix { $0 != "{" }
    guard let first = name.first, first.isLetter,
      name.utf8.allSatisfy({ byte in
        (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte) || byte == 0x5F
      })
    else { throw ClientFailure.malformed("\(line)") }
    if name.endIndex < key.endIndex {
      let labels = key[name.endIndex...]
      guard labels.hasPrefix("{"), labels.hasSuffix("\"}"), labels.contains("=\"") else {
        throw ClientFailure.malformed("\(line)")
      }
    }
    var metric = String(name)
    for suffix in ["_bucket", "_sum", "_count"]
    where metric.hasSuffix(suffix) && types[String(metric.dropLast(suffix.count))] == "histogram" {
      metric = String(metric.dropLast(suffix.count))
      break
    }
    guard let type = types[metric] else {
      throw ClientFailure.malformed("no TYPE before \(line)")
    }
    guard type == "gauge" || value >= 0, type != "counter" || metric.hasSuffix("_total") else {
      throw ClientFailure.malformed("\(type) \(line)")
    }
    guard samples.updateValue(value, forKey: String(key)) == nil else {
      throw ClientFailure.malformed("twice: \(line)")
    }
  }

  /// Buckets are cumulative, end with `+Inf`, and agree with the count.
  private func checkHistograms() throws {
    for (name, type) in types where type == "histogram" {
      var bucketCount = 0
      let counts = samples.filter {
        $0.key == "\(name)_count" || $0.key.hasPrefix("\(name)_count{")
      }
      for (key, count) in counts {
        let labels = key.dropFirst("\(name)_count".count)
        let inner = labels.isEmpty ? "" : labels.dropFirst().dropLast() + ","
        let start = "\(name)_bucket{\(inner)le=\""
        let buckets = samples.filter { $0.key.hasPrefix(start) }
        bucketCount += buckets.count
        guard samples["\(start)+Inf\"}"] == count, samples["\(name)_sum\(labels)"] != nil else {
          throw ClientFailure.malformed("histogram \(name)\(labels)")
        }
        let bounds = buckets.map { key, value in
          (Double(key.dropFirst(start.count).dropLast(2)) ?? .infinity, value)
        }
        let values = bounds.sorted { $0.0 < $1.0 }.map(\.1)
        guard values == values.sorted() else {
          throw ClientFailure.malformed("histogram \(name)\(labels)")
        }
      }
      guard samples.keys.filter({ $0.hasPrefix("\(name)_bucket") }).count == bucketCount else {
        throw ClientFailure.malformed("buckets of \(name) without a count")
      }
    }
  }

  /// The value of a sample; `nil` where there is none.
  package subscript(key: String) -> Double? { samples[key] }

  /// The names of the labels of each sample of a metric. Values hold no comma here.
  package func labels(of name: String) -> [Set<String>] {
    samples.keys.filter { $0 == name || $0.hasPrefix(name + "{") }.map { key in
      Set(
        key.dropFirst(name.count).split { "{},".contains($0) }
          .map { String($0.prefix { $0 != "=" }) })
    }
  }

  /// The sum of all samples of a metric.
  package func sum(_ name: String) -> Double {
    samples.filter { $0.key == name || $0.key.hasPrefix(name + "{") }.values.reduce(0, +)
  }
}
