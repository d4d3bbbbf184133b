/// DEFLATE (RFC 1951) as plainly as it can be written: a second opinion on what the server
/// compresses, and a source of blocks that its library would not write.
package enum InflateModel {
  /// The bits of compressed data, from the lowest of each byte on.
  private struct Bits {
    let bytes: [UInt8]
    var place = 0

    mutating func next() throws -> Int {
      guard place < bytes.count * 8 else { throw ClientFailure.malformed("DEFLATE data ends") }
      defer { place += 1 }
      return Int(bytes[place >> 3] >> UInt8(place & 7)) & 1
    }

    mutating func number(_ count: Int) throws -> Int {
      var value = 0
      for bit in 0..<count { value |= try next() << bit }
      return value
    }
  }

  /// A Huffman code: how many codes of each length there are, and the symbols in their order.
  private struct Code {
    var counts = [Int](repeating: 0, count: 16)
    var symbols: [Int] = []

    init(lengths: [Int]) {
      for length in lengths where length > 0 { counts[length] += 1 }
      var places = [Int](repeating: 0, count: 16)
      for length in 1..<15 { places[length + 1] = places[length] + counts[length] }
      symbols = [Int](repeating: 0, count: places[15] + counts[15])
      for (symbol, length) in lengths.enumerated() where length > 0 {
        symbols[places[length]] = symbol
        places[length] += 1
      }
    }

    func symbol(_ bits: inout Bits) throws -> Int {
      var (code, first, index) = (0, 0, 0)
      for length in 1...15 {
        code |= try bits.next()
        if code - counts[length] < first { return symbols[index + code - first] }
        index += counts[length]
        first = (first + counts[length]) << 1
        code <<= 1
      }
      throw ClientFailure.malformed("a code that is none")
    }
  }

  private static let lengthBases = [
    3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131,
    163, 195, 227, 258,
  ]
  private static let lengthBits = [
    0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0,
  ]
  private static let order = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]
  private static let fixed = (
    Code(
      lengths: (0..<288).map { $0 < 144 ? 8 : $0 < 256 ? 9 : $0 < 280 ? 7 : 8 }),
    Code(lengths: [Int](repeating: 5, count: 30))
  )

  /// What `data`, which ends with the last bit of a block, holds.
  package static func inflate(_ data: [UInt8]) throws -> [UInt8] {
    var bits = Bits(bytes: data)
    var output: [UInt8] = []
    while (bits.place + 7) >> 3 < data.count {
      let isLast = try bits.next() == 1
      switch try bits.number(2) {
      case 0: try stored(&bits, &output)
      case 1: try coded(&bits, &output, fixed.0, fixed.1)
      case 2:
        let (literals, distances) = try codes(&bits)
        try coded(&bits, &output, literals, distances)
      default: throw ClientFailure.malformed("a block of the reserved kind")
      }
      if isLast { bits.place = (bits.place + 7) & ~7 }
    }
    return output
  }

  private static func stored(_ bits: inout Bits, _ output: inout [UInt8]) throws {
    bits.place = (bits.place + 7) & ~7
    let length = try bits.number(16)
    guard try bits.number(16) == length ^ 0xFFFF, bits.place >> 3 + length <= bits.bytes.count
    else { throw ClientFailure.malformed("a stored block's length") }
    let start = bits.place >> 3
    output += bits.bytes[start..<(start + length)]
    bits.place += length * 8
  }

  private static func codes(_ bits: inout Bits) throws -> (Code, Code) {
    let literals = try bits.number(5) + 257
    let distances = try bits.number(5) + 1
    let count = try bits.number(4) + 4
    var lengths = [Int](repeating: 0, count: 19)
    for index in 0..<count { lengths[order[index]] = try bits.number(3) }
    let code = Code(lengths: lengths)
    lengths = []
    while lengths.count < literals + distances {
      let symbol = try code.symbol(&bits)
      switch symbol {
      case ..<16: lengths.append(symbol)
      case 16:
        let last = lengths.last ?? 0
        lengths += [Int](repeating: last, count: try bits.number(2) + 3)
      case 17: lengths += [Int](repeating: 0, count: try bits.number(3) + 3)
      default: lengths += [Int](repeating: 0, count: try bits.number(7) + 11)
      }
    }
    return (
      Code(lengths: Array(lengths[..<literals])), Code(lengths: Array(lengths[literals...]))
    )
  }

  private static func coded(
    _ bits: inout Bits, _ output: inout [UInt8], _ literals: Code, _ distances: Code
  ) throws {
    while true {
      let symbol = try literals.symbol(&bits)
      if symbol == 256 { return }
      if symbol < 256 {
        output.append(UInt8(symbol))
        continue
      }
      let length = try lengthBases[symbol - 257] + bits.number(lengthBits[symbol - 257])
      let code = try distances.symbol(&bits)
      let extra = max(0, code / 2 - 1)
      let base = code < 4 ? code + 1 : (2 + code & 1) << extra + 1
      let distance = try base + bits.number(extra)
      guard distance <= output.count else { throw ClientFailure.malformed("a distance") }
      for _ in 0..<length { output.append(output[output.count - distance]) }
    }
  }

  /// `data` in stored blocks of at most `blockBytes`, without the end that a message leaves out.
  package static func stored(_ data: [UInt8], blockBytes: Int = 65_535) -> [UInt8] {
    var bytes: [UInt8] = []
    var rest = data[...]
    while !rest.isEmpty {
      let block = rest.prefix(blockBytes)
      rest = rest.dropFirst(blockBytes)
      let (low, high) = (UInt8(block.count & 0xFF), UInt8(block.count >> 8))
      bytes += [0, low, high, ~low, ~high] + block
    }
    // The empty stored block whose last four bytes are left out.
    return bytes + [0]
  }

  /// A block that holds 1 + 258 * `runs` zeros in 13 bits a run, without the end that a message
  /// leaves out.
  package static func zeros(runs: Int) -> [UInt8] {
    // A block of the fixed code; a zero; then lengths of 258 at distance 1; the end of the block.
    let head: [UInt8] = [0, 1, 0] + [0, 0, 1, 1, 0, 0, 0, 0]
    let run: [UInt8] = [1, 1, 0, 0, 0, 1, 0, 1] + [0, 0, 0, 0, 0]
    let end: [UInt8] = [0, 0, 0, 0, 0, 0, 0] + [0, 0, 0]
    var bytes: [UInt8] = []
    var place = 0
    func add(_ bits: [UInt8]) {
      for bit in bits {
        if place & 7 == 0 { bytes.append(0) }
        bytes[place >> 3] |= bit << UInt8(place & 7)
        place += 1
      }
    }
    add(head)
    for _ in 0..<runs { add(run) }
    add(end)
    return bytes
  }
}
