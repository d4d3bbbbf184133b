/// The parameters of a request's query, each at most once. Unknown ones are left alone: proxies and
/// clients add their own.
struct Query {
  private var values: [String: String] = [:]

  init(_ target: RequestTarget) throws(Problem) {
    let items: [(name: String, value: String)]
    do {
      items = try target.queryItems()
    } catch {
      throw Problem(error)
    }
    for (name, value) in items {
      guard values.updateValue(value, forKey: name) == nil else {
        throw .malformedQuery("Give the parameter \(name) only once.")
      }
    }
  }

  subscript(name: String) -> String? { values[name] }

  /// A whole number in `range`; `nil` where the parameter is absent.
  func number(_ name: String, in range: ClosedRange<Int>) throws(Problem) -> Int? {
    guard let text = values[name] else { return nil }
    guard text.utf8.count <= 18, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
      let number = Int(text), range.contains(number)
    else {
      throw .malformedQuery(
        "Give \(name) as a whole number from \(range.lowerBound) to \(range.upperBound).")
    }
    return number
  }
}
