import FuzzDriver
import FuzzInvariants

@main
enum FuzzWebSocket {
  static func main() {
    FuzzDriver.run { WebSocketInvariants.violation($0) }
  }
}
