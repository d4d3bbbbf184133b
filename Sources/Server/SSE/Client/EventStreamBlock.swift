/// The fields of an event stream since the last blank line, as bytes.
struct EventStreamBlock {
  /// The data lines so far, joined with LF. Nil if there is none: `data` alone is an empty line.
  private(set) var data: [UInt8]?
  /// Empty if not named.
  private(set) var type: [UInt8] = []
  /// Nil if not given.
  private(set) var id: [UInt8]?

  /// The bytes that are kept until the block ends: never more than its lines had.
  var bytesHeld: Int { (data?.count ?? 0) + type.count + (id?.count ?? 0) }

  /// Takes one line that is neither blank nor a comment.
  ///
  /// - Returns: the milliseconds, if it is a `retry` that counts.
  mutating func take(_ line: Span<UInt8>) -> Int? {
    var nameEnd = 0
    while nameEnd < line.count, line[nameEnd] != UInt8(ascii: ":") { nameEnd += 1 }
    var valueStart = min(nameEnd + 1, line.count)
    if valueStart < line.count, line[valueStart] == 0x20 { valueStart += 1 }
    let name = line.extracting(0..<nameEnd)
    let value = line.extracting(valueStart..<line.count)
    if Self.equal(name, "data") {
      append(value)
    } else if Self.equal(name, "event") {
      type = Self.copy(value)
    } else if Self.equal(name, "id") {
      if !Self.contains(value, 0x00) { id = Self.copy(value) }
    } else if Self.equal(name, "retry") {
      return Self.milliseconds(value)
    }
    return nil
  }

  /// The bytes of `span` as an array.
  static func copy(_ span: Span<UInt8>) -> [UInt8] {
    Octets.array(span, 0..<span.count)
  }

  private mutating func append(_ value: Span<UInt8>) {
    guard data != nil else {
      data = Self.copy(value)
      return
    }
    data?.append(addingCapacity: value.count + 1) { output in
      output.append(0x0A)
      for index in value.indices { output.append(value[index]) }
    }
  }

  /// The number, as large as an integer gets; nil if there is anything but digits, or nothing.
  private static func milliseconds(_ value: Span<UInt8>) -> Int? {
    guard !value.isEmpty else { return nil }
    var number = 0
    for index in value.indices {
      let digit = value[index] &- UInt8(ascii: "0")
      guard digit < 10 else { return nil }
      let (product, isTooLarge) = number.multipliedReportingOverflow(by: 10)
      let (sum, isTooHigh) = product.addingReportingOverflow(Int(digit))
      number = isTooLarge || isTooHigh ? .max : sum
    }
    return number
  }

  private static func equal(_ name: Span<UInt8>, _ word: String) -> Bool {
    guard name.count == word.utf8.count else { return false }
    return zip(name.indices, word.utf8).allSatisfy { name[$0] == $1 }
  }

  private static func contains(_ value: Span<UInt8>, _ byte: UInt8) -> Bool {
    for index in value.indices where value[index] == byte { return true }
    return false
  }
}
