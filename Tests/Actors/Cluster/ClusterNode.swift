import FanfareBackplane
import FanfareRuntime
import FanfareTestKit

@testable import FanfareActors
@testable import FanfareServer

/// One node of a cluster in a simulation, from its sockets to its connections to Redis: a process
/// that can crash.
final class ClusterNode {
  let id: String
  let redis: RedisNode
  private let node: NodeUnderTest
  private let simulation: Simulation

  init(
    _ id: String, loops: Int, in simulation: Simulation, _ settings: ClusterPlan,
    _ connector: any RedisConnector
  ) throws {
    self.id = id
    self.simulation = simulation
    let process = simulation.addLoops(loops)
    var plan = RedisNode.Plan(id)
    plan.history = settings.history
    plan.limits = settings.limits
    plan.pace = settings.pace
    let redis = try RedisNode.prepare(plan, on: process, connector)
    self.redis = redis
    node = try NodeUnderTest(
      loops: process, limits: plan.limits, namespaces: plan.namespaces,
      backplane: WatchedBackplane(try redis.backplane, redis.feed))
  }

  var sites: [LoopConfined<LoopSite>] { node.sites }
  var isProven: Bool { node.hub.health == .proven }

  /// It is no more, and could tell nobody.
  func crash(before model: RedisModel) {
    for loop in redis.loops {
      simulation.on(loop) { model.forget(clientsOn: loop) }
    }
    simulation.crash(redis.loops)
  }
}
