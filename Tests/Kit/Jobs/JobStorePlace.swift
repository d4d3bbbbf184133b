import FanfareActors
import FanfareRuntime

/// Where a store under test keeps what outlives its process.
package protocol JobStorePlace: Sendable {
  /// Makes the store of this place, which is to run on `loop` and has not been started.
  func open(_ settings: JobStoreSettings, on loop: EventLoop) throws -> any JobStore

  /// What is left if the process of `store` is killed now: a place with a copy of what it had
  /// written. On the store's loop.
  func afterCrash(of store: any JobStore) throws -> any JobStorePlace
}

/// The place of a ``JobStoreModel``.
package struct JobStoreModelPlace: JobStorePlace {
  private let book: JobBook?

  package init() { book = nil }

  private init(book: JobBook?) {
    self.book = book
  }

  package func open(_ settings: JobStoreSettings, on loop: EventLoop) -> any JobStore {
    JobStoreModel(settings, on: loop, book: book)
  }

  package func afterCrash(of store: any JobStore) -> any JobStorePlace {
    JobStoreModelPlace(book: (store as? JobStoreModel)?.durable)
  }
}
