import FuzzDriver
import FuzzInvariants

@main
enum FuzzCursor {
  static func main() {
    FuzzDriver.run { CursorInvariants.violation($0) }
  }
}
