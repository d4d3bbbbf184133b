import FanfareActors
import FanfareRuntime
import FanfareTestKit
import Foundation

@testable import FanfareBackplane

/// A job file of its own for each store, in a folder that goes with the place.
final class SQLiteJobPlace: JobStorePlace {
  let folder: URL
  private let newest = Locked<SQLiteJobStore?>(nil)

  /// - Parameter isInMemory: whether it may be where nothing reaches a disk: fast, and as good for
  ///   all but a loss of power.
  init(isInMemory: Bool = false) throws {
    let memory = URL(filePath: "/dev/shm")
    let base =
      isInMemory && FileManager.default.isWritableFile(atPath: memory.path)
      ? memory : FileManager.default.temporaryDirectory
    folder =
      base
      .appending(path: "fanfare-jobs-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  var path: String { folder.appending(path: "jobs.sqlite").path }

  /// The inside of the store that was opened last.
  func core<Result>(
    in simulation: Simulation, _ body: (JobCore) throws -> Result
  ) throws -> Result {
    guard let store = newest.withLock({ $0 }) else { throw JobRefusal.unavailable("none is open") }
    return try simulation.on(store.core.loop) { try body(store.core.get) }
  }

  func open(_ settings: JobStoreSettings, on loop: EventLoop) throws -> any JobStore {
    let store = try SQLiteJobStore(path, settings: settings, on: loop)
    newest.withLock { $0 = store }
    return store
  }

  /// The files as they are, with the store still open: what a killed process leaves.
  func afterCrash(of store: any JobStore) throws -> any JobStorePlace {
    let copy = try SQLiteJobPlace(isInMemory: folder.path.hasPrefix("/dev/shm"))
    for file in try FileManager.default.contentsOfDirectory(atPath: folder.path) {
      try FileManager.default.copyItem(
        at: folder.appending(path: file), to: copy.folder.appending(path: file))
    }
    return copy
  }
}
