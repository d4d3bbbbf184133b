import CZlib
import FanfareRuntime

/// Compresses and inflates WebSocket messages (RFC 7692 section 7.2) without a context between
/// messages: one compressed message serves every follower, and one of these serves a whole loop.
/// The only file that touches zlib. Loop-confined.
///
/// Costs about 300 KiB for each loop that has ever compressed, and nothing per connection.
final class MessageDeflate {
  /// Messages shorter than this are sent as they are: compressed they would hardly be smaller.
  static let bytesMin = 128

  private static let chunkBytes = 32 * 1024
  /// What ends every flushed block, and is left out of a message (section 7.2.1).
  private static let tail: [UInt8] = [0x00, 0x00, 0xFF, 0xFF]

  // Invariant: each is initialised by zlib before it is stored, never moved, and ended in `deinit`.
  private let deflater: UnsafeMutablePointer<z_stream>
  private let inflater: UnsafeMutablePointer<z_stream>

  /// `nil` where the memory for it cannot be had.
  init?(level: Int32 = 6) {
    let deflater = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    deflater.initialize(to: z_stream())
    let inflater = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    inflater.initialize(to: z_stream())
    guard fanfare_deflate_init(deflater, level, 8) == Z_OK else {
      deflater.deallocate()
      inflater.deallocate()
      return nil
    }
    guard fanfare_inflate_init(inflater) == Z_OK else {
      deflateEnd(deflater)
      deflater.deallocate()
      inflater.deallocate()
      return nil
    }
    self.deflater = deflater
    self.inflater = inflater
  }

  deinit {
    deflateEnd(deflater)
    inflateEnd(inflater)
    deflater.deallocate()
    inflater.deallocate()
  }

  /// The payload of the compressed message.
  func deflate(_ message: [UInt8]) -> [UInt8] {
    deflateReset(deflater)
    var output: [UInt8] = []
    // One call ends it: the bound holds for a flushed block too, with some room.
    let bound = Int(deflateBound(deflater, UInt(message.count))) + 16
    var input = message
    input.withUnsafeMutableBufferPointer { source in
      output = [UInt8](unsafeUninitializedCapacity: bound) { target, count in
        deflater.pointee.next_in = source.baseAddress
        deflater.pointee.avail_in = UInt32(clamping: source.count)
        deflater.pointee.next_out = target.baseAddress
        deflater.pointee.avail_out = UInt32(clamping: bound)
        CZlib.deflate(deflater, Z_SYNC_FLUSH)
        count = bound - Int(deflater.pointee.avail_out)
      }
    }
    if output.suffix(4).elementsEqual(Self.tail) { output.removeLast(4) }
    return output
  }

  /// The message that `payload` holds.
  ///
  /// - Throws: 1007 where it is no DEFLATE data, 1009 where it holds more than `bytesMax`.
  func inflate(_ payload: [UInt8], bytesMax: Int) throws(WebSocketFault) -> [UInt8] {
    guard !payload.isEmpty else { return [] }
    inflateReset(inflater)
    var input = payload + Self.tail
    var output: [UInt8] = []
    let isInflated = input.withUnsafeMutableBufferPointer { source in
      inflater.pointee.next_in = source.baseAddress
      inflater.pointee.avail_in = UInt32(clamping: source.count)
      var isWhole = false
      while output.count <= bytesMax {
        let (code, isFull) = inflateChunk(&output)
        switch code {
        case Z_STREAM_END:
          guard inflater.pointee.avail_in > Self.tail.count else { return true }
          // Blocks may follow the one that calls itself the last (section 7.2.3.4), and refer to
          // what came before it.
          inflateResetKeep(inflater)
        case Z_OK:
          isWhole = isAtEndOfBlock
          // A full chunk may leave more behind, also when all input has been read.
          if !isFull { return isWhole }
        // Nothing was left behind.
        case Z_BUF_ERROR: return isWhole
        default: return false
        }
      }
      return true
    }
    guard isInflated else { throw .invalidCompression }
    guard output.count <= bytesMax else { throw .tooBig(bytesMax) }
    return output
  }

  /// Inflates on, at most a chunk. Returns what zlib said, and whether the chunk is full.
  private func inflateChunk(_ output: inout [UInt8]) -> (code: Int32, isFull: Bool) {
    var code = Z_OK
    output += [UInt8](unsafeUninitializedCapacity: Self.chunkBytes) { target, count in
      inflater.pointee.next_out = target.baseAddress
      inflater.pointee.avail_out = UInt32(clamping: Self.chunkBytes)
      code = CZlib.inflate(inflater, Z_SYNC_FLUSH)
      count = Self.chunkBytes - Int(inflater.pointee.avail_out)
    }
    return (code, inflater.pointee.avail_out == 0)
  }

  /// Whether all input has been read and its last block is whole: zlib itself waits for more
  /// without a word.
  private var isAtEndOfBlock: Bool {
    inflater.pointee.avail_in == 0 && inflater.pointee.data_type & 128 != 0
  }
}

extension LoopConfined: MessageInflater where Value == MessageDeflate {
  func inflate(_ payload: [UInt8], bytesMax: Int) throws(WebSocketFault) -> [UInt8] {
    try get.inflate(payload, bytesMax: bytesMax)
  }
}
