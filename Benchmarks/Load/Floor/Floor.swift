import ArgumentParser
import FanfareRuntime

/// What the machine itself costs: the sockets and the loop of the server with nothing behind them.
/// It understands the requests of this tool and no others.
struct Floor: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "A server of nothing but sends, to compare with: --server PATH-OF-THIS-TOOL.")

  @Option(help: "The port on 127.0.0.1.")
  var port: UInt16

  func run() async throws {
    ProcessStatistics.raiseDescriptorLimit()
    let address = try SocketAddress.resolve(host: "127.0.0.1", port: port)
    let group = try LoopGroup.start(count: 1)
    let loop = group.loops[0]
    let server = LoopConfined(FloorServer(), to: loop)
    let result = await loop.run {
      Result { () throws(RuntimeError) in try server.get.listen(address, on: loop) }
    }
    try result.get()
    // Until the process is ended.
    while true { try await Task.sleep(for: .seconds(3_600)) }
  }
}
