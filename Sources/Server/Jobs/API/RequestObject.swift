import FanfareRuntime

/// One JSON object of a request, whose members are asked for by their names. `null` counts as
/// absent, but for members that may hold any value.
struct RequestObject {
  private let body: [UInt8]
  private let members: [JSONMember]
  /// What stands before the detail of a refusal: `Line 3: `.
  let place: String
  /// What kind of problem a member is that cannot be.
  private let problem: String

  /// The object in `range` of a body.
  ///
  /// - Parameters:
  ///   - allowed: the names of its members; another one is refused.
  ///   - range: all of the body where there is none.
  init(
    _ body: [UInt8], _ range: Range<Int>? = nil, place: String = "", problem: String,
    allowed: [String]
  ) throws(Problem) {
    self.body = body
    self.place = place
    self.problem = problem
    do {
      members = try JSONObjectReader.members(of: body.span, in: range ?? 0..<body.count)
    } catch {
      throw Problem(
        error.isMalformed ? 400 : 422, error.isMalformed ? "bad-json" : problem,
        place + error.description)
    }
    for member in members where !allowed.contains(member.key) {
      let nearest = NearestKey.nearest(to: member.key, among: allowed)
      throw Problem(
        422, problem,
        place + "Remove the member \(member.key.prefix(64))"
          + (nearest.map { "; did you mean \($0)?" }
            ?? (allowed.isEmpty
              ? "; there is none." : "; there are \(allowed.joined(separator: ", "))."))
      )
    }
  }

  /// A refusal of this object.
  func refusal(_ detail: String, status: Int = 422) -> Problem {
    Problem(status, problem, place + detail)
  }

  func has(_ name: String) -> Bool { member(name) != nil }

  private func member(_ name: String) -> JSONMember? {
    members.first { $0.key == name && $0.kind != .null }
  }

  /// Any value, as it was written.
  ///
  /// - Throws: 413 where it has more than `bytesMax` bytes.
  func raw(_ name: String, bytesMax: Int) throws(Problem) -> [UInt8]? {
    guard let member = members.first(where: { $0.key == name }) else { return nil }
    guard member.value.count <= bytesMax else {
      throw Problem(
        413, "\(name)-too-large", place + "Send at most \(bytesMax) bytes of \(name).")
    }
    return [UInt8](body.span.extracting(member.value))
  }

  func text(_ name: String) throws(Problem) -> String? {
    guard let member = member(name) else { return nil }
    guard member.kind == .string else { throw refusal("Give \(name) as a string.") }
    return JSONString.decode(body.span, member.value)
  }

  /// A text made into something else.
  func text<Value>(
    _ name: String, _ rule: String, _ make: (String) -> Value?
  ) throws(Problem) -> Value? {
    guard let text = try text(name) else { return nil }
    guard let value = make(text) else { throw refusal("Mend \(name): \(rule).") }
    return value
  }

  func int(_ name: String, in range: ClosedRange<Int>) throws(Problem) -> Int? {
    guard let member = member(name) else { return nil }
    guard member.kind == .number, let value = JSONNumber.int(body.span, member.value),
      range.contains(value)
    else {
      throw refusal(
        "Give \(name) as a whole number from \(range.lowerBound) to \(range.upperBound).")
    }
    return value
  }

  func number(_ name: String) throws(Problem) -> Double? {
    guard let member = member(name) else { return nil }
    guard member.kind == .number, let value = JSONNumber.double(body.span, member.value) else {
      throw refusal("Give \(name) as a number.")
    }
    return value
  }

  /// A time span in seconds.
  func seconds(_ name: String, max: Int) throws(Problem) -> Duration? {
    guard let value = try number(name) else { return nil }
    guard value >= 0, value <= Double(max) else {
      throw refusal("Give \(name) as a number of seconds from 0 to \(max).")
    }
    return .milliseconds(Int64((value * 1_000).rounded()))
  }

  func bool(_ name: String) throws(Problem) -> Bool? {
    guard let member = member(name) else { return nil }
    switch member.kind {
    case .true: return true
    case .false: return false
    case .string, .number, .object, .array, .null:
      throw refusal("Give \(name) as true or false.")
    }
  }

  func object(_ name: String, allowed: [String]) throws(Problem) -> RequestObject? {
    guard let member = member(name) else { return nil }
    guard member.kind == .object else { throw refusal("Give \(name) as an object.") }
    return try RequestObject(
      body, member.value, place: "\(place)\(name): ", problem: problem, allowed: allowed)
  }

  /// The texts of an object whose members have any names.
  func texts(_ name: String) throws(Problem) -> [(key: String, value: String)]? {
    guard let member = member(name) else { return nil }
    guard member.kind == .object,
      let found = try? JSONObjectReader.members(of: body.span, in: member.value),
      found.allSatisfy({ $0.kind == .string })
    else { throw refusal("Give \(name) as an object of strings.") }
    return found.map { ($0.key, JSONString.decode(body.span, $0.value)) }
  }

  /// The strings of an array.
  func strings(_ name: String) throws(Problem) -> [String]? {
    guard let member = member(name) else { return nil }
    guard member.kind == .array,
      let strings = JSONArrayReader.strings(of: body.span, in: member.value)
    else { throw refusal("Give \(name) as an array of strings.") }
    return strings
  }

  /// The objects of an array.
  func objects(
    _ name: String, each: String, allowed: [String], max: Int
  ) throws(Problem) -> [RequestObject]? {
    guard let member = member(name) else { return nil }
    guard member.kind == .array,
      let ranges = JSONArrayReader.elements(of: body.span, in: member.value)
    else { throw refusal("Give \(name) as an array of objects.") }
    guard ranges.count <= max else {
      throw Problem(413, "too-many-\(name)", place + "Send at most \(max) \(name).")
    }
    var objects: [RequestObject] = []
    for (index, range) in ranges.enumerated() {
      objects.append(
        try RequestObject(
          body, range, place: "\(place)\(each) \(index + 1): ", problem: problem,
          allowed: allowed))
    }
    return objects
  }
}
