/// A task whose jobs each run a program of this machine, without a shell.
///
/// Whoever may enqueue jobs chooses what fills the placeholders, and nothing else: the program and
/// the number of its arguments are the configuration's.
public struct CommandTask: Sendable, Equatable {
  /// Where a program shows how far it is.
  public struct Progress: Sendable, Equatable {
    /// The stream that is looked at.
    ///
    /// The default is both.
    public var from = Source.both
    /// A regular expression that is looked for in every line, which ends with LF or CR. What its
    /// groups find is: the percentage, how much is done and of how much, where there are three
    /// groups; how much is done and of how much, where there are two; the percentage, where there
    /// is one. Groups named `current`, `total` and `message` may stand anywhere instead.
    public var match: String

    /// Looks for `match` in what the program writes.
    public init(from source: Source = .both, match: String) {
      from = source
      self.match = match
    }
  }

  /// A stream, or two.
  public enum Source: String, Sendable, CaseIterable {
    case stdout, stderr, both
  }

  /// The queue whose jobs of this task are done in this process.
  public var queue: String

  /// The program and its arguments. `{name}` stands for the member `name` of the job's `args`, a
  /// string or a number; `{{` for a brace. The program itself holds no placeholder.
  public var exec: [String]

  /// The program's whole environment besides `PATH` and what Fanfare tells it: `NAME=value`, or
  /// `NAME` for what this process has under that name.
  ///
  /// The default is none.
  public var environment: [String] = []

  /// How long one attempt may take, where the job itself does not say less.
  ///
  /// The default is no bound.
  public var timeout: Duration?

  /// Where the program shows how far it is, besides the lines of JSON that every program may write.
  ///
  /// The default is nowhere.
  public var progress: Progress?

  /// Runs `exec` for the jobs of `queue`.
  public init(queue: String, exec: [String]) {
    self.queue = queue
    self.exec = exec
  }
}
