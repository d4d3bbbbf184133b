/** The types of `/fanfare.js`. */

/** What an event carries, by its type; any JSON where nothing is said. */
export type EventTypes = Record<string, unknown>;

/** A place in a channel, `<offset>.<epoch>`; several, joined by `,`, are a cursor. Opaque. */
export type Position = string;

export interface FanfareEvent<Type extends string = string, Data = unknown> {
  channel: string;
  position: Position;
  type: Type;
  data: Data;
  /** RFC 3339, UTC, with milliseconds. */
  time: string;
}

export interface Verdict {
  channel: string;
  verdict: "live" | "resumed" | "gap" | "reset";
  /** Where the follower stands; null when the server could not read the stored cursor. */
  position: Position | null;
  /** With `resumed`: how many events follow that were published before now. */
  replayed?: number;
  /** With `gap`: the first event missed, the last one, and how many. */
  from?: Position;
  to?: Position;
  missed?: number;
}

export interface Gap {
  channel: string;
  from: Position;
  to: Position;
  missed: number;
  position: Position;
}

export type Transport = "sse" | "websocket" | "poll";

export type State = "connecting" | "open" | "degraded" | "waiting" | "closed";

export interface StateChange {
  state: State;
  transport: Transport;
  /** With `waiting`: when it connects again, in ms. */
  retryIn?: number;
  /** Why it waits, or why it closed for good. */
  error?: Error;
}

export interface Options {
  /** The server; "/" by default, the page's own. */
  url?: string | URL;
  /** The channels to follow, all on one connection; none for a client that only publishes. */
  channels?: string[];
  /** The types wanted, `agent_*` style; all by default. */
  types?: string[];
  /** Where to begin when no cursor is stored: a cursor of the same channels, or the oldest event. */
  after?: "oldest" | (string & {}) | null;
  /** "auto", the default, begins with "sse" and goes on to the others where it is blocked. */
  transport?: "auto" | Transport;
  /** Where the cursor outlives a reload; `sessionStorage` by default, `null` for nowhere. */
  storage?: Pick<Storage, "getItem" | "setItem"> | null;
  credentials?: RequestCredentials;
  /** How long a transport may take to attach, in ms. The default is 8,000. */
  patience?: number;
  /** The longest silence, in ms; keep it above two heartbeats. The default is 45,000. */
  silence?: number;
}

export interface PublishOptions {
  /** Makes the publish happen once however often it is sent; a new one by default. */
  key?: string;
  signal?: AbortSignal;
}

export interface Fanfare<Types extends EventTypes = EventTypes> {
  readonly channels: readonly string[];
  readonly types: readonly string[];
  readonly transport: Transport;
  readonly state: State;
  readonly cursor: string | null;

  /** Every attachment, with the verdicts; by WebSocket one channel at a time. */
  onAttached: (verdicts: Verdict[]) => void;
  onGap: (gap: Gap) => void;
  onReset: (verdict: Verdict) => void;
  onState: (change: StateChange) => void;

  /**
   * Calls `handler` with the events of a type, of the types that begin so (`agent_*`), or with all
   * (`*`). Returns a function that ends it.
   */
  on<Type extends keyof Types & string>(
    type: Type, handler: (event: FanfareEvent<Type, Types[Type]>) => void,
  ): () => void;
  on(pattern: `${string}*`, handler: (event: FanfareEvent) => void): () => void;

  /** Publishes one event and returns its position. Throws a {@link FanfareError}. */
  publish<Type extends keyof Types & string>(
    channel: string, type: Type, data: Types[Type], options?: PublishOptions,
  ): Promise<Position>;

  close(): void;
}

export class FanfareError extends Error {
  /** The HTTP status; 0 where there was no answer. */
  readonly status: number;
  /** The last part of the problem's `type`. */
  readonly kind: string;
  /** When to come back, in ms; 0 where it was not said. */
  readonly retryAfter: number;
  /** Whether the same again would be refused again. */
  readonly isFinal: boolean;
}

/** Follows channels of a Fanfare server, over one connection that it keeps up. */
export function connect<Types extends EventTypes = EventTypes>(options: Options): Fanfare<Types>;

/** The wait after so many failures, in ms: up to a range that doubles, never less than `told`. */
export function backoff(failures: number, told?: number, random?: () => number): number;
