/// The tables of a job file. Columns are what operators read in the `sqlite3` shell: words rather
/// than numbers, JSON as text, times in milliseconds since 1970.
enum JobSchema {
  /// What this program writes. A file with a greater one is refused; one with a lesser is brought
  /// up to date by ``steps``.
  static var version: Int { steps.count }

  /// Step n makes a file of version n one of version n + 1.
  static let steps = [first]

  private static let first = """
    CREATE TABLE job (
      id INTEGER PRIMARY KEY,
      queue TEXT NOT NULL,
      task TEXT NOT NULL,
      state TEXT NOT NULL,
      reason TEXT,
      priority INTEGER NOT NULL,
      attempts_max INTEGER NOT NULL,
      failures INTEGER NOT NULL DEFAULT 0,
      crashes INTEGER NOT NULL DEFAULT 0,
      releases INTEGER NOT NULL DEFAULT 0,
      leases INTEGER NOT NULL DEFAULT 0,
      is_confirmed INTEGER NOT NULL DEFAULT 0,
      is_cancel_requested INTEGER NOT NULL DEFAULT 0,
      worker TEXT,
      timeout INTEGER,
      unique_key TEXT,
      unique_until INTEGER,
      rate_key TEXT,
      cost INTEGER NOT NULL DEFAULT 0,
      channel TEXT,
      event_types TEXT,
      workflow INTEGER,
      step INTEGER,
      created INTEGER NOT NULL,
      changed INTEGER NOT NULL,
      started INTEGER,
      finished INTEGER,
      next_at INTEGER,
      events INTEGER NOT NULL DEFAULT 0,
      ended_token INTEGER,
      ended_call TEXT,
      ended_state TEXT,
      progress REAL,
      progress_total REAL,
      progress_message TEXT,
      tokens INTEGER,
      spent REAL,
      duration REAL,
      error TEXT,
      arguments TEXT NOT NULL,
      input TEXT,
      checkpoint TEXT,
      result TEXT,
      usage TEXT
    ) STRICT;
    CREATE INDEX job_lane ON job (queue, task, rate_key, priority DESC, id)
      WHERE state = 'queued';
    CREATE INDEX job_stage ON job (state, queue, changed);
    CREATE INDEX job_due ON job (next_at) WHERE next_at IS NOT NULL;
    CREATE INDEX job_key ON job (queue, unique_key)
      WHERE unique_key IS NOT NULL AND finished IS NULL;
    CREATE INDEX job_unique ON job (queue, unique_key, unique_until)
      WHERE unique_until IS NOT NULL;
    CREATE INDEX job_step ON job (workflow, step) WHERE workflow IS NOT NULL;
    CREATE TABLE error (
      job INTEGER NOT NULL,
      token INTEGER NOT NULL,
      attempt INTEGER NOT NULL,
      time INTEGER NOT NULL,
      text TEXT NOT NULL,
      PRIMARY KEY (job, token)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE event (
      job INTEGER NOT NULL,
      sequence INTEGER NOT NULL,
      kind TEXT NOT NULL,
      time INTEGER NOT NULL,
      data TEXT NOT NULL,
      PRIMARY KEY (job, sequence)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE log (
      job INTEGER NOT NULL,
      offset INTEGER NOT NULL,
      bytes BLOB NOT NULL,
      PRIMARY KEY (job, offset)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE outbox (
      number INTEGER PRIMARY KEY,
      channel TEXT NOT NULL,
      type TEXT NOT NULL,
      data TEXT NOT NULL,
      key TEXT NOT NULL
    ) STRICT;
    CREATE TABLE workflow (
      id INTEGER PRIMARY KEY,
      state TEXT NOT NULL,
      jobs TEXT NOT NULL,
      tasks TEXT NOT NULL,
      steps_done INTEGER NOT NULL,
      tokens INTEGER NOT NULL,
      spent REAL NOT NULL,
      duration REAL NOT NULL,
      created INTEGER NOT NULL,
      finished INTEGER,
      message TEXT NOT NULL,
      updates INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX workflow_finished ON workflow (finished) WHERE finished IS NOT NULL;
    CREATE TABLE request (
      name TEXT PRIMARY KEY,
      fingerprint INTEGER NOT NULL,
      expires INTEGER NOT NULL,
      workflow INTEGER,
      jobs TEXT NOT NULL,
      states TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX request_expires ON request (expires);
    CREATE TABLE budget (
      rate_key TEXT PRIMARY KEY,
      requests REAL,
      requests_time INTEGER,
      tokens REAL,
      tokens_time INTEGER,
      paused_until INTEGER
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE queue (
      name TEXT PRIMARY KEY,
      is_paused INTEGER NOT NULL DEFAULT 0,
      redrive_per_second REAL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE redrive (
      queue TEXT NOT NULL,
      job INTEGER NOT NULL,
      PRIMARY KEY (queue, job)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE tally (
      queue TEXT NOT NULL,
      task TEXT NOT NULL,
      rate_key TEXT NOT NULL,
      state TEXT NOT NULL,
      jobs INTEGER NOT NULL,
      PRIMARY KEY (queue, task, rate_key, state)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE counter (
      name TEXT PRIMARY KEY,
      value INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    """
}
