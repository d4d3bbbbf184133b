/// An IP address as text names it, without a zone and without a name lookup.
///
/// Only the usual forms are taken: `127.1` or `0x7f.0.0.1`, which some resolvers accept, are not,
/// so that what the settings say is what everyone reads.
enum IPLiteral: Sendable, Equatable {
  /// Four octets, the first in the highest bits.
  case v4(UInt32)
  /// Eight groups (RFC 4291 section 2.2).
  case v6([UInt16])

  /// Reads `192.0.2.1` or, without brackets, `2001:db8::1`. Nil when it is neither.
  init?(_ text: some StringProtocol) {
    let bytes = Array(text.utf8)
    if let octets = IPLiteral.octets(bytes[...]) {
      self = .v4(octets)
    } else if let groups = IPLiteral.groups(bytes[...]) {
      self = .v6(groups)
    } else {
      return nil
    }
  }

  /// Whether only this machine can reach the address: `127.0.0.0/8`, `::1`, and the former mapped
  /// into IPv6.
  var isLoopback: Bool {
    switch self {
    case .v4(let octets):
      return octets >> 24 == 127
    case .v6(let groups):
      if groups == [0, 0, 0, 0, 0, 0, 0, 1] { return true }
      return groups.prefix(6) == [0, 0, 0, 0, 0, 0xffff] && groups[6] >> 8 == 127
    }
  }

  /// Whether a URL writes it in brackets.
  var isBracketed: Bool {
    switch self {
    case .v4: false
    case .v6: true
    }
  }

  /// The one way to write the address: dotted decimal, or lower-case groups of which the first
  /// longest run of two or more zeros is left out (RFC 5952 section 4), without brackets.
  var canonical: String {
    switch self {
    case .v4(let octets):
      return [24, 16, 8, 0].map { String(octets >> $0 & 0xff) }.joined(separator: ".")
    case .v6(let groups):
      let zeros = IPLiteral.longestZeroRun(groups)
      guard zeros.count >= 2 else { return IPLiteral.hex(groups[...]) }
      return IPLiteral.hex(groups[..<zeros.lowerBound]) + "::"
        + IPLiteral.hex(groups[zeros.upperBound...])
    }
  }

  private static func hex(_ groups: ArraySlice<UInt16>) -> String {
    groups.map { String($0, radix: 16) }.joined(separator: ":")
  }

  private static func longestZeroRun(_ groups: [UInt16]) -> Range<Int> {
    var longest = 0..<0
    var start = 0
    for (index, group) in groups.enumerated() {
      guard group == 0 else {
        start = index + 1
        continue
      }
      if index + 1 - start > longest.count { longest = start..<index + 1 }
    }
    return longest
  }

  private static func octets(_ bytes: ArraySlice<UInt8>) -> UInt32? {
    let parts = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    guard parts.count == 4 else { return nil }
    var value: UInt32 = 0
    for part in parts {
      guard let octet = decimal(part) else { return nil }
      value = value << 8 | UInt32(octet)
    }
    return value
  }

  private static func decimal(_ part: ArraySlice<UInt8>) -> UInt8? {
    // A leading zero means octal to some readers, so it is refused.
    guard 1...3 ~= part.count, part.count == 1 || part.first != UInt8(ascii: "0") else {
      return nil
    }
    var value = 0
    for byte in part {
      guard UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte else { return nil }
      value = value * 10 + Int(byte - UInt8(ascii: "0"))
    }
    return UInt8(exactly: value)
  }

  private static func groups(_ bytes: ArraySlice<UInt8>) -> [UInt16]? {
    guard let gap = doubleColon(in: bytes) else {
      guard let groups = run(bytes, mayEndInOctets: true), groups.count == 8 else { return nil }
      return groups
    }
    let tail = bytes[(gap + 2)...]
    guard
      let before = run(bytes[..<gap], mayEndInOctets: false),
      let after = run(tail, mayEndInOctets: true),
      before.count + after.count <= 7
    else { return nil }
    return before + Array(repeating: 0, count: 8 - before.count - after.count) + after
  }

  /// Where the first `::` begins. A second one leaves an empty group, which ``run`` refuses.
  private static func doubleColon(in bytes: ArraySlice<UInt8>) -> Int? {
    let colon = UInt8(ascii: ":")
    return bytes.indices.first { index in
      bytes[index] == colon && bytes.index(after: index) < bytes.endIndex
        && bytes[index + 1] == colon
    }
  }

  private static func run(_ bytes: ArraySlice<UInt8>, mayEndInOctets: Bool) -> [UInt16]? {
    if bytes.isEmpty { return [] }
    let parts = bytes.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
    guard parts.count <= 8 else { return nil }
    var groups: [UInt16] = []
    for (index, part) in parts.enumerated() {
      if mayEndInOctets, index == parts.count - 1, let octets = octets(part) {
        groups.append(UInt16(octets >> 16))
        groups.append(UInt16(octets & 0xffff))
      } else if let group = group(part) {
        groups.append(group)
      } else {
        return nil
      }
    }
    return groups
  }

  private static func group(_ part: ArraySlice<UInt8>) -> UInt16? {
    guard 1...4 ~= part.count else { return nil }
    var value: UInt16 = 0
    for byte in part {
      guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue else { return nil }
      value = value << 4 | UInt16(digit)
    }
    return value
  }
}
