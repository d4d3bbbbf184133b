import FuzzDriver
import FuzzInvariants

@main
enum FuzzChunkedBody {
  static func main() {
    FuzzDriver.run { ChunkedBodyInvariants.violation($0) }
  }
}
