import FuzzDriver
import FuzzInvariants

@main
enum FuzzRequestHead {
  static func main() {
    FuzzDriver.run { RequestHeadInvariants.violation($0) }
  }
}
