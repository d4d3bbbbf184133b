import CLibuv

/// Asks the processor to bring an object near that is needed soon: a walk over thousands of objects
/// otherwise waits for memory at every one. A hint, without effect on what a program does.
@inline(__always)
public func prefetch(_ object: AnyObject) {
  fanfare_prefetch(Unmanaged.passUnretained(object).toOpaque())
}
