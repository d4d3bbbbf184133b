/// A WebSocket frame as a test sees it (RFC 6455 section 5.2).
package struct SocketFrame: Sendable, Equatable {
  package static let continuation: UInt8 = 0x0
  package static let text: UInt8 = 0x1
  package static let binary: UInt8 = 0x2
  package static let close: UInt8 = 0x8
  package static let ping: UInt8 = 0x9
  package static let pong: UInt8 = 0xA

  package let opcode: UInt8
  /// The three bits behind the first, where they stand.
  package let reserved: UInt8
  package let payload: [UInt8]

  // MARK: Out

  /// The bytes of a frame; without a mask as a server sends it.
  package static func bytes(
    _ opcode: UInt8, _ payload: [UInt8], isFinal: Bool = true, reserved: UInt8 = 0,
    mask: [UInt8]? = [0x1F, 0x2E, 0x3D, 0x4C]
  ) -> [UInt8] {
    var bytes: [UInt8] = [(isFinal ? 0x80 : 0) | reserved | opcode]
    let masked: UInt8 = mask == nil ? 0 : 0x80
    let length = payload.count
    switch length {
    case ..<126: bytes.append(masked | UInt8(length))
    case ..<65_536: bytes += [masked | 126, UInt8(length >> 8), UInt8(length & 0xFF)]
    default:
      bytes.append(masked | 127)
      for shift in stride(from: 56, through: 0, by: -8) {
        bytes.append(UInt8(truncatingIfNeeded: length >> shift))
      }
    }
    guard let mask else { return bytes + payload }
    bytes += mask
    let start = bytes.count
    bytes += payload
    for index in start..<bytes.count { bytes[index] ^= mask[(index - start) & 3] }
    return bytes
  }

  /// What stands in a close frame.
  package static func closePayload(_ code: UInt16?, _ reason: [UInt8] = []) -> [UInt8] {
    guard let code else { return reason }
    return [UInt8(code >> 8), UInt8(code & 0xFF)] + reason
  }

  // MARK: In

  /// Takes the first frame off `input`; `nil` while it is not whole.
  package static func first(of input: inout [UInt8]) throws -> SocketFrame? {
    guard input.count >= 2 else { return nil }
    let (first, second) = (input[0], input[1])
    guard first & 0x80 != 0 else { throw ClientFailure.malformed("a fragment") }
    guard second & 0x80 == 0 else { throw ClientFailure.malformed("a mask") }
    let extra = second < 126 ? 0 : second == 126 ? 2 : 8
    guard input.count >= 2 + extra else { return nil }
    var length = Int(second)
    if extra > 0 {
      length = input[2..<(2 + extra)].reduce(0) { $0 << 8 | Int($1) }
      guard length >= (extra == 2 ? 126 : 65_536), first & 0x08 == 0 else {
        throw ClientFailure.malformed("length \(length) in \(extra) bytes")
      }
    }
    let end = 2 + extra + length
    guard input.count >= end else { return nil }
    defer { input.removeFirst(end) }
    return SocketFrame(
      opcode: first & 0x0F, reserved: first & 0x70, payload: Array(input[(2 + extra)..<end]))
  }
}
