/**
 * Fanfare in a web page: follows channels on one connection, resumes without loss, publishes.
 *
 *     import { connect } from "/fanfare.js";
 *
 *     const fanfare = connect({ channels: ["project:42"] });
 *     fanfare.on("agent_*", (event) => show(event.type, event.data));
 *     fanfare.onGap = (gap) => reload(gap.channel);
 *     fanfare.onReset = (verdict) => reload(verdict.channel);
 *     await fanfare.publish("project:42", "note", { text: "hello" });
 *
 * The stream is read by `fetch`, not by an `EventSource`: that one hides the reconnection time, the
 * heartbeats, the status of a refusal, and the cursor that moves past filtered events, and each of
 * them is needed to reconnect well. The types stand in `fanfare.d.ts`.
 *
 * @module
 */

/** The range of the first wait, of the longest waits, and the most a server can impose; in ms. */
const WAIT_BASE = 1_000;
const WAIT_CAP = 30_000;
const WAIT_TOLD_MAX = 300_000;
/** How long a transport may take to attach before the next one is tried, in ms. */
const PATIENCE = 8_000;
/** The longest silence of a connection, in ms: three heartbeats of the server. */
const SILENCE = 45_000;
/** How long a poll waits for an event, in seconds. */
const POLL_WAIT = 25;
/** How often a WebSocket asks for a sign of life, in ms. */
const PING_EVERY = 15_000;
/** How many channels a WebSocket subscribes to in a second. */
const SUBSCRIBES_AT_ONCE = 50;
/** How often a publish that could not be answered is sent again. */
const PUBLISH_RETRIES = 6;
/** How long a new cursor may wait to be stored, in ms. */
const STORE_AFTER = 250;

/**
 * The wait after `failures` failures in a row: anything up to a range that doubles every time, so
 * that the clients of a server that was away do not come back in step; never less than `told`.
 *
 * @param {number} failures failures before this one
 * @param {number} told what the server asked for, in ms
 * @param {() => number} random a number from 0 to 1
 * @returns {number} milliseconds
 */
export function backoff(failures, told = 0, random = Math.random) {
  const range = Math.min(WAIT_BASE * 2 ** Math.min(failures, 5), WAIT_CAP);
  return Math.max(random() * range, Math.min(told, WAIT_TOLD_MAX));
}

/** Why the server, or the way to it, refused. */
export class FanfareError extends Error {
  name = "FanfareError";

  /**
   * @param {string} message what to mend
   * @param {{status?: number, kind?: string, retryAfter?: number}} told
   */
  constructor(message, { status = 0, kind = "", retryAfter = 0 } = {}) {
    super(message);
    /** The HTTP status; 0 where there was no answer. */
    this.status = status;
    /** The last part of the problem's `type`; empty where something else than Fanfare answered. */
    this.kind = kind;
    /** When to come back, in ms; 0 where it was not said. */
    this.retryAfter = retryAfter;
  }

  /** Whether the same again would be refused again. */
  get isFinal() {
    const passes = this.status < 400 || this.status >= 500 || [408, 425, 429].includes(this.status);
    return this.kind !== "" && !passes;
  }

  /** @param {Response} response */
  static async from(response) {
    let problem = {};
    if (/json/.test(response.headers.get("content-type") ?? "")) {
      problem = await response.json().catch(() => ({}));
    }
    return new FanfareError(problem.detail ?? `HTTP ${response.status}`, {
      status: response.status,
      kind: String(problem.type ?? "").split("/").pop(),
      retryAfter: 1_000 * Number(response.headers.get("retry-after") ?? 0) || 0,
    });
  }
}

/**
 * Follows channels of a Fanfare server, over one connection that it keeps up.
 *
 * @param {import("./fanfare.js").Options} options
 */
export function connect(options) {
  return new Fanfare(options);
}

class Fanfare {
  /** Every (re)attachment, with one verdict for each channel. */
  onAttached = (verdicts) => {};
  /** Events that nobody can deliver any more: `{channel, from, to, missed, position}`. */
  onGap = (gap) => {};
  /** The log of a channel was begun anew, or continuity cannot be proven: load its state again. */
  onReset = (verdict) => {};
  /** `{state, transport, retryIn?, error?}`; the states are those of {@link state}. */
  onState = (change) => {};

  #base;
  #channels;
  #types;
  #after;
  #storage;
  #storageKey;
  #storeTimer = 0;
  #transports;
  #turn = 0;
  #isProven = false;
  #credentials;
  #patience;
  #silence;
  #positions = new Map();
  #handlers = [];
  #state = "connecting";
  #told = 0;
  #socket = null;
  #end = new AbortController();
  #keep = () => this.#store();

  constructor({
    url = "/", channels = [], types = [], after = null, transport = "auto", storage,
    credentials = "same-origin", patience = PATIENCE, silence = SILENCE,
  } = {}) {
    this.#base = new URL(url, globalThis.document?.baseURI ?? globalThis.location?.href);
    if (!this.#base.pathname.endsWith("/")) this.#base.pathname += "/";
    this.#channels = [...new Set(channels)];
    this.#types = [...types];
    this.#after = after;
    this.#credentials = credentials;
    this.#patience = patience;
    this.#silence = silence;
    this.#transports = transport === "auto" ? ["sse", "websocket", "poll"] : [transport];
    if (!this.#transports.every((name) => name in TRANSPORTS)) {
      throw new TypeError(`no transport is called ${transport}`);
    }
    this.#storageKey = `fanfare:${this.#base.href}|${this.#channels}|${this.#types}`;
    this.#storage = storage === undefined ? sessionStorageIfAny() : storage;
    this.#restore();
    globalThis.addEventListener?.("pagehide", this.#keep);
    // The caller sets its handlers first.
    queueMicrotask(() => this.#run());
  }

  // What the transports need.

  get channels() { return this.#channels; }
  get types() { return this.#types; }
  get transport() { return this.#transports[this.#turn]; }

  /** `connecting`, `open`, `degraded`, `waiting` (to reconnect) or `closed`. */
  get state() { return this.#state; }

  /** What to give as `after` to resume where this client stands; `null` before the first verdict. */
  get cursor() {
    if (this.#positions.size === 0) return null;
    return this.#channels.map((channel) => this.#positions.get(channel) ?? "-").join(",");
  }

  /** Where to begin with one channel, or with all of them: a cursor, `oldest`, or null. */
  startOf(channel) {
    if (channel === undefined) return this.cursor ?? this.#after;
    return this.#positions.get(channel)
      ?? (this.#after === "oldest" ? this.#after : this.#after?.split(",")[
        this.#channels.indexOf(channel)]?.replace(/^-$/, "") || null);
  }

  address(path, query = {}) {
    const url = new URL(path, this.#base);
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    return url;
  }

  /** The request for what this client follows, from where it stands. */
  request(query, headers, signal) {
    const after = this.startOf();
    const url = this.address("events", {
      channels: this.#channels.join(","), ...query, ...(after === null ? {} : { after }),
      ...(this.#types.length === 0 ? {} : { types: this.#types.join(",") }),
    });
    return fetch(url, { headers, signal, cache: "no-store", credentials: this.#credentials });
  }

  // MARK: Handlers

  /**
   * Calls `handler` with each event whose type is `pattern`: a type, a beginning with `*`
   * (`agent_*`), or `*` for all. Returns a function that ends it.
   */
  on(pattern, handler) {
    const start = pattern.endsWith("*") ? pattern.slice(0, -1) : null;
    const entry = { pattern, start, handler };
    this.#handlers = [...this.#handlers, entry];
    return () => {
      this.#handlers = this.#handlers.filter((other) => other !== entry);
    };
  }

  #event(event) {
    const last = this.#positions.get(event.channel);
    if (last !== undefined && !isAfter(event.position, last)) return;
    this.#positions.set(event.channel, event.position);
    for (const { pattern, start, handler } of this.#handlers) {
      if (start === null ? pattern === event.type : event.type.startsWith(start)) {
        call(handler, event);
      }
    }
    this.#storeSoon();
  }

  #attached(verdicts) {
    for (const verdict of verdicts) this.#positions.set(verdict.channel, verdict.position);
    call(this.onAttached, verdicts);
    for (const verdict of verdicts) {
      if (verdict.verdict === "gap") call(this.onGap, verdict);
      if (verdict.verdict === "reset") call(this.onReset, verdict);
    }
    this.#storeSoon();
  }

  #tell(state, more = {}) {
    if (this.#state === "closed") return;
    this.#state = state;
    call(this.onState, { state, transport: this.transport, ...more });
  }

  // MARK: The connection

  async #run() {
    let failures = 0;
    let spent = 0;
    // A WebSocket is of use to publish by, a stream of nothing is not.
    const isNeeded = this.#channels.length > 0 || this.transport === "websocket";
    while (isNeeded && !this.#end.signal.aborted) {
      const link = new Link(this.#patience, this.#silence);
      const end = () => link.cut("closed");
      this.#end.signal.addEventListener("abort", end);
      this.#told = 0;
      this.#tell("connecting");
      let fault = null;
      try {
        await TRANSPORTS[this.transport](this, this.#sink(link), link.signal);
      } catch (error) {
        fault = error;
      }
      link.end();
      this.#socket = null;
      this.#end.signal.removeEventListener("abort", end);
      if (this.#end.signal.aborted) return;
      if (fault?.kind === "bad-cursor" && this.cursor !== null) {
        this.#forget();
      } else if (fault?.isFinal) {
        return this.#finish(fault);
      }
      failures = link.isAttached ? 0 : failures + 1;
      spent = link.isAttached ? 0 : spent + 1;
      // What attached once is given up only when it is silent: a server that restarts refuses
      // connections on every transport.
      const isBlocked = link.isSilent || !this.#isProven && (spent > 1 || this.#turn > 0);
      if (!link.isAttached && isBlocked && this.#transports.length > 1) {
        this.#turn = (this.#turn + 1) % this.#transports.length;
        this.#isProven = false;
        spent = 0;
        // The others are tried at once; a whole round without success is a failure of the network.
        if (this.#turn > 0) continue;
      }
      const retryIn = backoff(
        Math.max(0, failures - 1), Math.max(this.#told, fault?.retryAfter ?? 0));
      this.#tell("waiting", { retryIn, ...(fault ? { error: fault } : {}) });
      await pause(retryIn, this.#end.signal);
    }
  }

  /** What a transport tells of its link; what comes when that is over counts no more. */
  #sink(link) {
    const told = {
      alive: () => link.alive(),
      retry: (ms) => { this.#told = ms; },
      attached: (verdicts, isAll = true) => {
        link.alive();
        this.#attached(verdicts);
        if (!isAll || link.isAttached) return;
        link.attached();
        this.#isProven = true;
        this.#tell("open");
      },
      event: (event) => this.#event(event),
      position: (channel, position) => {
        this.#positions.set(channel, position);
        this.#storeSoon();
      },
      cursor: (text) => this.#moveTo(text),
      gap: (gap) => {
        this.#positions.set(gap.channel, gap.position);
        call(this.onGap, gap);
        this.#storeSoon();
      },
      bye: ({ retry }) => { this.#told = retry ?? this.#told; },
      degraded: () => this.#tell("degraded"),
      restored: () => this.#tell("open"),
      socket: (socket) => { this.#socket = socket; },
    };
    for (const [name, tell] of Object.entries(told)) {
      told[name] = (...words) => { if (!link.signal.aborted) tell(...words); };
    }
    return told;
  }

  /** Ends the connection. Handlers are not called again. */
  close() {
    this.#finish(null);
    this.#handlers = [];
  }

  #finish(error) {
    if (this.#state === "closed") return;
    this.#tell("closed", error ? { error } : {});
    this.#store();
    globalThis.removeEventListener?.("pagehide", this.#keep);
    this.#end.abort();
  }

  // MARK: The cursor

  #moveTo(cursor) {
    const parts = cursor.split(",");
    if (parts.length !== this.#channels.length) return;
    parts.forEach((position, place) => {
      if (position !== "-") this.#positions.set(this.#channels[place], position);
    });
    this.#storeSoon();
  }

  /** The server cannot read the stored cursor: it is another server, or another channel's. */
  #forget() {
    this.#positions.clear();
    for (const channel of this.#channels) {
      call(this.onReset, { channel, verdict: "reset", position: null });
    }
  }

  #restore() {
    try {
      const kept = this.#storage?.getItem(this.#storageKey);
      if (kept) this.#moveTo(kept);
    } catch {
      this.#storage = null;
    }
  }

  #storeSoon() {
    if (this.#storage && !this.#storeTimer) {
      this.#storeTimer = setTimeout(this.#keep, STORE_AFTER);
    }
  }

  #store() {
    clearTimeout(this.#storeTimer);
    this.#storeTimer = 0;
    try {
      if (this.cursor !== null) this.#storage?.setItem(this.#storageKey, this.cursor);
    } catch {
      // Full or forbidden: a reload begins with the newest events.
    }
  }

  // MARK: Publishing

  /**
   * Publishes one event and returns its position. Sent again where no answer came, always with the
   * same key, so that it is stored once.
   *
   * @param {string} channel
   * @param {string} type
   * @param {unknown} data any JSON value
   * @param {{key?: string, signal?: AbortSignal}} options
   * @returns {Promise<string>}
   */
  async publish(channel, type, data, { key = newKey(), signal } = {}) {
    const json = JSON.stringify(data);
    if (json === undefined) throw new TypeError("data must be a JSON value");
    for (let attempt = 0; ; attempt += 1) {
      try {
        if (this.#socket) return await this.#socket.publish(channel, type, data, key);
        return await this.#post(channel, type, json, key, signal);
      } catch (error) {
        signal?.throwIfAborted();
        const passes = !(error instanceof FanfareError) || !error.isFinal;
        if (!passes || attempt >= PUBLISH_RETRIES) throw error;
        await pause(backoff(attempt, error.retryAfter ?? 0), signal);
        signal?.throwIfAborted();
      }
    }
  }

  async #post(channel, type, json, key, signal) {
    const response = await fetch(this.address(`channels/${encodeURIComponent(channel)}/events`), {
      method: "POST", signal, credentials: this.#credentials,
      headers: { "Content-Type": "application/json", "Idempotency-Key": key },
      body: `{"type":${JSON.stringify(type)},"data":${json}}`,
    });
    if (!response.ok) throw await FanfareError.from(response);
    return (await response.json()).position;
  }
}

/** One try of a transport: cut when it takes too long to attach, or is silent too long after. */
class Link {
  isAttached = false;
  isSilent = false;
  #abort = new AbortController();
  #timer;
  #silence;

  constructor(patience, silence) {
    this.#silence = silence;
    this.#arm(patience);
  }

  get signal() { return this.#abort.signal; }

  #arm(ms) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.isSilent = true;
      this.cut("silent");
    }, ms);
  }

  attached() {
    this.isAttached = true;
    this.alive();
  }

  alive() {
    if (this.isAttached && !this.signal.aborted) this.#arm(this.#silence);
  }

  cut(reason) { this.#abort.abort(new FanfareError(reason)); }

  end() {
    clearTimeout(this.#timer);
    this.cut("over");
  }
}

// MARK: Transports. Each follows until its link is over: returns, or throws why.

const TRANSPORTS = { sse: followStream, websocket: followSocket, poll: followPolls };

async function followStream(client, sink, signal) {
  const response = await client.request(
    { named: "0", format: "event" }, { Accept: "text/event-stream" }, signal);
  if (response.status === 204) {
    throw new FanfareError("the stream is over", { status: 410, kind: "over" });
  }
  const type = response.headers.get("content-type") ?? "";
  if (!response.ok) throw await FanfareError.from(response);
  if (!type.startsWith("text/event-stream")) throw new FanfareError(`a stream of ${type}`);
  const blocks = new BlockReader((block) => hear(block, sink));
  const text = new TextDecoder();
  const reader = response.body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    sink.alive();
    blocks.push(text.decode(value, { stream: true }));
  }
}

function hear({ event, data, id, retry }, sink) {
  if (retry !== null) sink.retry(retry);
  if (data === null) {
    if (id !== null) sink.cursor(id);
    return;
  }
  const told = JSON.parse(data);
  switch (event) {
    case "": return sink.event(told);
    case "fanfare.attached": return sink.attached(told.channels);
    case "fanfare.gap": return sink.gap(told);
    case "fanfare.bye": return sink.bye(told);
    case "fanfare.degraded": return sink.degraded();
    case "fanfare.restored": return sink.restored();
    default: // Of a later server.
  }
}

/** Cuts an event stream into blocks (WHATWG HTML, section 9.2.6). */
class BlockReader {
  #rest = "";
  #found;
  #block = BlockReader.#empty();

  constructor(found) { this.#found = found; }

  static #empty() { return { event: "", data: null, id: null, retry: null }; }

  push(text) {
    const lines = (this.#rest + text).split(/\r\n|\n|\r(?!$)/);
    this.#rest = lines.pop();
    for (const line of lines) this.#line(line);
  }

  #line(line) {
    if (line === "") {
      const block = this.#block;
      this.#block = BlockReader.#empty();
      this.#found(block);
      return;
    }
    const colon = line.indexOf(":");
    if (colon === 0) return;
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(line[colon + 1] === " " ? colon + 2 : colon + 1);
    const block = this.#block;
    switch (name) {
      case "event": block.event = value; break;
      case "data": block.data = block.data === null ? value : `${block.data}\n${value}`; break;
      case "id": block.id = value; break;
      case "retry": if (/^\d+$/.test(value)) block.retry = Number(value); break;
      default: // Unknown fields are ignored.
    }
  }
}

async function followPolls(client, sink, signal) {
  for (let isFirst = true; ; isFirst = false) {
    // The first asks without a wait: it brings the verdicts, and a cursor to lose nothing by.
    const response = await client.request(
      { wait: isFirst ? "0" : String(POLL_WAIT) }, { Accept: "application/json" }, signal);
    if (!response.ok) throw await FanfareError.from(response);
    const answer = await response.json();
    sink.alive();
    const verdicts = answer.channels.filter(
      ({ verdict }) => isFirst || verdict === "gap" || verdict === "reset");
    if (verdicts.length > 0) sink.attached(verdicts);
    for (const event of answer.events) sink.event(event);
    sink.cursor(answer.cursor);
  }
}

function followSocket(client, sink, signal) {
  return new Promise((resolve, reject) => {
    const url = client.address("ws");
    url.protocol = url.protocol.replace("http", "ws");
    const socket = new WebSocket(url);
    const link = new SocketLink(socket, client, sink, reject);
    const cut = () => {
      socket.close(1000);
      link.end();
      reject(signal.reason);
    };
    signal.addEventListener("abort", cut);
    socket.onopen = () => link.begin();
    socket.onmessage = ({ data }) => link.hear(JSON.parse(data));
    socket.onclose = ({ code, reason }) => {
      signal.removeEventListener("abort", cut);
      link.end();
      if (code === 1000) resolve();
      else reject(new FanfareError(reason || `closed with ${code}`));
    };
  });
}

/** What goes over one WebSocket: an operation with a number, and its answer. */
class SocketLink {
  #socket;
  #client;
  #sink;
  #refuse;
  #waiting = new Map();
  #next = 1;
  #pings;
  #missing = 0;

  constructor(socket, client, sink, refuse) {
    this.#socket = socket;
    this.#client = client;
    this.#sink = sink;
    this.#refuse = refuse;
  }

  async begin() {
    const types = this.#client.types;
    this.#missing = this.#client.channels.length;
    if (this.#missing === 0) this.#sink.attached([]);
    this.#pings = setInterval(() => this.#ask({ op: "ping" }).catch(() => {}), PING_EVERY);
    this.#sink.socket(this);
    for (const [place, channel] of this.#client.channels.entries()) {
      // More at once would be too many messages in a second.
      if (place > 0 && place % SUBSCRIBES_AT_ONCE === 0) await pause(1_000);
      const after = this.#client.startOf(channel);
      this.#ask({
        op: "subscribe", channel, ...(after === null ? {} : { after }),
        ...(types.length === 0 ? {} : { types }),
      }).catch((error) => this.#refuse(error));
    }
  }

  #ask(operation) {
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      // A socket that is closing takes what it is given, and loses it.
      if (this.#socket.readyState !== WebSocket.OPEN) throw new FanfareError("connection lost");
      this.#waiting.set(id, { resolve, reject });
      this.#socket.send(JSON.stringify({ ...operation, id }));
    });
  }

  async publish(channel, type, data, key) {
    return (await this.#ask({ op: "publish", channel, type, data, key })).position;
  }

  hear(told) {
    this.#sink.alive();
    switch (told.op) {
      case "event": this.#sink.event(told); break;
      case "position": this.#sink.position(told.channel, told.position); break;
      case "subscribed":
        this.#missing -= 1;
        this.#sink.attached([told], this.#missing <= 0);
        break;
      case "attached": this.#sink.attached(told.channels ?? [told]); break;
      case "gap": this.#sink.gap(told); break;
      case "bye": this.#sink.bye(told); break;
      case "degraded": this.#sink.degraded(); break;
      case "restored": this.#sink.restored(); break;
      default: // An answer, or a word of a later server.
    }
    const waiting = this.#waiting.get(told.id);
    if (!waiting) return;
    this.#waiting.delete(told.id);
    if (told.op !== "error") return waiting.resolve(told);
    const kind = String(told.type ?? told.title ?? "refused").split("/").pop();
    waiting.reject(new FanfareError(
      told.detail ?? "", { status: told.status, kind, retryAfter: told.retry ?? 0 }));
  }

  end() {
    clearInterval(this.#pings);
    for (const { reject } of this.#waiting.values()) reject(new FanfareError("connection lost"));
    this.#waiting.clear();
  }
}

// MARK: Small things

/** Whether `position` comes after `last`; one of another life of the log always does. */
function isAfter(position, last) {
  const [offset, epoch] = position.split(".");
  const [lastOffset, lastEpoch] = last.split(".");
  return epoch !== lastEpoch || Number(offset) > Number(lastOffset);
}

/** Calls back; what a callback throws is reported, and harms no other. */
function call(handler, value) {
  try {
    handler(value);
  } catch (error) {
    if (globalThis.reportError) globalThis.reportError(error);
    else console.error(error);
  }
}

function pause(ms, signal) {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    if (signal?.aborted) end();
    else signal?.addEventListener("abort", end);
  });
}

function sessionStorageIfAny() {
  try {
    return globalThis.sessionStorage ?? null;
  } catch {
    return null;
  }
}

/** A key that nobody else uses. `randomUUID` exists in secure contexts only. */
function newKey() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
