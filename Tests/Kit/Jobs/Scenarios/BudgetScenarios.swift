import FanfareActors
import FanfareRuntime

extension JobStoreScenario {
  /// What the jobs of a rate key may take together.
  static let budgets: [Self] = [
    Self("so many requests, and then as they come in") { store in
      for _ in 1...14 { _ = try await store.add { $0.rateKey = .budgeted } }
      let one = try await store.take(9)
      let two = try await store.take(9, by: .two)
      try store.expect([one.count, two.count], is: [8, 2])
      for lease in one + two { _ = try await store.succeed(lease.claim) }
      try store.expect(try await store.take(9).isEmpty)
      _ = store.feed.take()
      await store.pass(.milliseconds(1_050))
      // Whoever waits is told when there is something.
      try store.expect(store.feed.take().flatMap(\.readyQueues).contains(.prompt))
      try store.expect(try await store.take(9).count, is: 1)
      await store.pass(.milliseconds(2_000))
      try store.expect(try await store.take(9).count, is: 2)
    },
    Self("a budget outlives a restart") { store in
      for _ in 1...4 { _ = try await store.add { ($0.rateKey, $0.cost) = (.other, 400) } }
      try store.expect(try await store.take(9).count, is: 2)
      try await store.crash()
      try store.expect(try await store.take(9).isEmpty)
      await store.pass(.seconds(2.2))
      try store.expect(try await store.take(9).count, is: 1)
    },
    Self("nobody overtakes within a key, everybody else does") { store in
      func add(_ key: RateKey?, _ cost: Int) async throws -> JobID {
        try await store.add { ($0.rateKey, $0.cost) = (key, cost) }
      }
      let first = try await add(.other, 900)
      let dear = try await add(.other, 500)
      let cheap = try await add(.other, 40)
      let foreign = try await add(.budgeted, 10)
      let free = try await add(nil, 0)
      try store.expect(try await store.take(9).map(\.job.id), is: [first, foreign, free])
      try store.expect(try await store.look(cheap).waitingFor != nil)
      await store.pass(.seconds(3.8))
      try store.expect(try await store.take(9).isEmpty)
      await store.pass(.seconds(0.3))
      try store.expect(try await store.take(9).map(\.job.id), is: [dear])
      await store.pass(.seconds(0.5))
      try store.expect(try await store.take(9).map(\.job.id), is: [cheap])
    },
    Self("what was not used is given back, up to what fits") { store in
      for _ in 1...4 { _ = try await store.add { ($0.rateKey, $0.cost) = (.other, 900) } }
      let first = try await store.takeOne()
      try store.expect(try await store.take().isEmpty)
      _ = try await store.succeed(first.claim, usage: .tokens(0))
      let second = try await store.takeOne()
      await store.pass(.seconds(9))
      // Full but for the 100: the 900 that come back do not fit.
      _ = try await store.succeed(second.claim, usage: .tokens(0))
      _ = try await store.takeOne()
      await store.pass(.seconds(7.8))
      try store.expect(try await store.take().isEmpty)
      await store.pass(.seconds(0.3))
      try store.expect(try await store.take().count, is: 1)
    },
    Self("what was used beyond is paid back before anything else begins") { store in
      _ = try await store.add { ($0.rateKey, $0.cost) = (.other, 100) }
      let lease = try await store.takeOne()
      _ = try await store.succeed(lease.claim, usage: .tokens(2_000))
      let id = try await store.add { ($0.rateKey, $0.cost) = (.other, 0) }
      await store.pass(.seconds(9.8))
      try store.expect(try await store.take().isEmpty)
      await store.pass(.seconds(0.4))
      try store.expect(try await store.take().map(\.job.id), is: [id])
    },
    Self("what costs more than there can be waits until all is there, and runs alone") { store in
      _ = try await store.add { ($0.rateKey, $0.cost) = (.other, 100) }
      let huge = try await store.add { ($0.rateKey, $0.cost) = (.other, 1_500) }
      let next = try await store.add { ($0.rateKey, $0.cost) = (.other, 100) }
      try store.expect(try await store.take(9).count, is: 1)
      await store.pass(.seconds(0.9))
      try store.expect(try await store.take(9).isEmpty)
      await store.pass(.seconds(0.2))
      try store.expect(try await store.take(9).map(\.job.id), is: [huge])
      await store.pass(.seconds(5.8))
      try store.expect(try await store.take(9).isEmpty)
      await store.pass(.seconds(0.3))
      try store.expect(try await store.take(9).map(\.job.id), is: [next])
    },
    Self("a lost worker gives nothing back") { store in
      for _ in 1...2 { _ = try await store.add { ($0.rateKey, $0.cost) = (.other, 1_000) } }
      let lost = try await store.takeOne()
      _ = try await store.beat(lost.claim)
      await store.pass(.seconds(25))
      let other = try await store.takeOne(by: .two)
      await store.pass(.seconds(5.1))
      try store.expect(try await store.job(lost.job.id).crashes, is: 1)
      _ = try await store.beat(other.claim)
      await store.pass(.seconds(4.7))
      try store.expect(try await store.take().isEmpty)
      await store.pass(.seconds(0.4))
      try store.expect(try await store.take().map(\.job.id), is: [lost.job.id])
    },
    Self("a success that says nothing of its usage settles nothing") { store in
      for _ in 1...2 { _ = try await store.add { ($0.rateKey, $0.cost) = (.other, 600) } }
      let lease = try await store.takeOne()
      _ = try await store.succeed(lease.claim)
      try store.expect(try await store.take().isEmpty)
      await store.pass(.seconds(2.1))
      try store.expect(try await store.take().count, is: 1)
    },
  ]
}
