import Glibc

/// Children of the test run that neither read nor say anything.
enum ChildProcess {
  /// Starts a program that is found as a shell finds it.
  ///
  /// - Parameter input: what it reads; nothing by default.
  static func spawn(_ arguments: [String], input: Int32? = nil) throws -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    for descriptor: Int32 in 0...2 {
      posix_spawn_file_actions_addopen(&actions, descriptor, "/dev/null", O_RDWR, 0)
    }
    if let input { posix_spawn_file_actions_adddup2(&actions, input, 0) }
    // Threads of loops block a signal that a program expects.
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
    var texts: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) }
    defer { for text in texts { free(text) } }
    texts.append(nil)
    var process = pid_t()
    let code = posix_spawnp(&process, arguments[0], &actions, &attributes, texts, environ)
    guard code == 0 else { throw ClientFailure.system("posix_spawn \(arguments[0])", code) }
    return process
  }

  /// Waits until it has ended.
  static func wait(for process: pid_t) {
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0, errno == EINTR {}
  }
}
