/// Data that says which event it is: `{"t":NANOSECONDS,"n":NUMBER,…`.
enum NumberedData {
  static func event(_ data: UnsafePointer<UInt8>, count: Int) -> ReceivedMessage {
    var reader = ByteReader(data, at: 5, end: count)
    let sent = reader.decimal()
    reader.skip(5)
    let position = StreamPosition(offset: reader.decimal(), epoch: 0)
    return .event(position, sentNanoseconds: sent)
  }
}
