// The live page. Whatever comes from outside is put on it as text, never as markup.

import { $, element, problem, say, setState, short, whole } from "./parts.js";

function rateText(rate) {
  return rate >= 10 ? whole.format(rate) : rate >= 0.05 ? rate.toFixed(1) : "0";
}

/** The offset and the epoch of a position. */
function split(position) {
  const [offset, epoch] = position.split(".");
  return { offset: Number(offset), epoch };
}

// MARK: What is followed. It stands in the address, so that a reload and a bookmark resume it.

/** The most channels of one stream. */
const CHANNELS_MAX = 32;

/** What is known of each followed channel, in the order in which the stream names them. */
const followed = new Map();

let types = "";

function readAddress() {
  const asked = new URLSearchParams(location.hash.slice(1));
  types = asked.get("types") ?? "";
  const names = (asked.get("channels") ?? "").split(",").filter((name) => name !== "");
  const wanted = new Set(names.slice(0, CHANNELS_MAX));
  for (const name of [...followed.keys()]) if (!wanted.has(name)) followed.delete(name);
  for (const name of wanted) if (!followed.has(name)) followed.set(name, newChannel(name));
}

function writeAddress() {
  const parts = [];
  const text = (value) => encodeURIComponent(value).replace(/%2C/g, ",").replace(/%3A/g, ":");
  if (followed.size > 0) parts.push(`channels=${text([...followed.keys()].join(","))}`);
  if (types !== "") parts.push(`types=${text(types).replace(/%2A/g, "*")}`);
  // A replaced entry tells no `hashchange`: what changed here is known here.
  history.replaceState(null, "", parts.length > 0 ? `#${parts.join("&")}` : location.pathname);
}

function newChannel(name) {
  let position = null;
  try {
    position = sessionStorage.getItem(`fanfare-page:${name}`);
  } catch {
    // Storage is forbidden: a reload begins with the newest events.
  }
  return { name, position, verdict: "", counted: 0, missed: 0, chip: null };
}

function keepCursors() {
  try {
    for (const channel of followed.values()) {
      if (channel.position) sessionStorage.setItem(`fanfare-page:${channel.name}`, channel.position);
    }
  } catch {
    // As above.
  }
}

function follow(name) {
  if (followed.has(name)) return;
  if (followed.size >= CHANNELS_MAX) {
    announce(`One stream follows at most ${CHANNELS_MAX} channels.`);
    setState($("link"), "warn", `at most ${CHANNELS_MAX} channels`);
    return;
  }
  followed.set(name, newChannel(name));
  changed();
}

function unfollow(name) {
  followed.delete(name);
  changed();
}

function changed() {
  writeAddress();
  drawFollowed();
  drawChannels();
  openSoon();
}

// MARK: The stream: the browser's own EventSource, which reconnects and resumes by itself.

/** How many of the events before now are shown of a channel that is newly followed. */
const RECENT = 20;

let source = null;
let opening = 0;
let generation = 0;

/** Several changes in a row open one stream. */
function openSoon() {
  clearTimeout(opening);
  opening = setTimeout(open, 120);
}

async function open() {
  const mine = ++generation;
  source?.close();
  source = null;
  say($("types-error"), "");
  $("types").removeAttribute("aria-invalid");
  if (followed.size === 0) {
    setState($("link"), "", "nothing followed");
    return;
  }
  setState($("link"), "", "connecting …");
  try {
    await Promise.all([...followed.values()].map(readRecent));
  } catch (fault) {
    if (mine === generation) refused(fault);
    return;
  }
  if (mine !== generation) return;
  const query = new URLSearchParams({
    channels: [...followed.keys()].join(","),
    after: [...followed.values()].map((channel) => channel.position ?? "-").join(","),
    named: "0",
    format: "event",
  });
  if (types !== "") query.set("types", types);
  source = new EventSource(`events?${query}`);
  source.onmessage = (message) => arrived(JSON.parse(message.data));
  source.onerror = () => streamFailed(mine);
  source.addEventListener("fanfare.attached", attached);
  source.addEventListener("fanfare.gap", (message) => gap(JSON.parse(message.data)));
  source.addEventListener("fanfare.bye", bye);
  source.addEventListener("fanfare.degraded", () => {
    setState($("link"), "warn", "degraded");
    notice("warn", "", "degraded: continuity cannot be promised just now");
  });
  source.addEventListener("fanfare.restored", () => {
    setState($("link"), "good", linkText());
    notice("good", "", "restored");
  });
}

/** The last few events of a channel without a cursor; the stream goes on where they end. */
async function readRecent(channel) {
  if (channel.position !== null) return;
  const query = new URLSearchParams({ last: RECENT });
  if (types !== "") query.set("types", types);
  const path = `channels/${encodeURIComponent(channel.name)}/events?${query}`;
  const response = await fetch(path, { headers: { Accept: "application/json" } });
  if (!response.ok) throw await problem(response);
  const answer = await response.json();
  if (channel.position !== null || !followed.has(channel.name)) return;
  for (const event of answer.events) arrived(event);
  channel.position = answer.cursor;
}

function refused(fault) {
  const text = fault.detail || fault.title || "the server cannot be reached";
  setState($("link"), "bad", fault.status ? "refused" : "unreachable, trying again");
  if (fault.status === 400 && /type/.test(text)) {
    say($("types-error"), text);
    $("types").setAttribute("aria-invalid", "true");
  } else if (fault.status) {
    notice("bad", "", text);
  }
  announce(text);
  if (!fault.status || fault.status >= 500) opening = setTimeout(open, 3_000);
}

function linkText() {
  return followed.size === 1 ? "live" : `live, ${followed.size} channels`;
}

let isReconnecting = false;

async function streamFailed(mine) {
  if (mine !== generation || !source) return;
  if (source.readyState === EventSource.CLOSED) {
    // An EventSource does not say why; the same request as JSON does.
    const url = new URL(source.url);
    url.searchParams.set("limit", "1");
    let fault = {};
    try {
      const response = await fetch(url, { headers: { Accept: "application/json" } });
      if (!response.ok) fault = await problem(response);
    } catch {
      // Unreachable.
    }
    if (mine === generation) refused(fault);
    return;
  }
  if (isReconnecting) return;
  isReconnecting = true;
  setState($("link"), "warn", "reconnecting …");
  notice("warn", "", "connection lost; the browser reconnects and resumes");
  announce("Connection lost, reconnecting");
}

function attached(message) {
  isReconnecting = false;
  setState($("link"), "good", linkText());
  for (const told of JSON.parse(message.data).channels) {
    const channel = followed.get(told.channel);
    if (!channel) continue;
    channel.position = told.position;
    channel.verdict = told.verdict;
    const at = `cursor ${told.position}`;
    switch (told.verdict) {
      case "live":
        notice("good", told.channel, `live: events from now on; ${at}`);
        break;
      case "resumed":
        notice("good", told.channel, `resumed: ${whole.format(told.replayed)} replayed; ${at}`);
        break;
      case "gap":
        gap(told);
        break;
      default:
        channel.missed = 0;
        notice("bad", told.channel, `reset: the log was begun anew, reload your state; ${at}`);
        announce(`${told.channel} was reset`);
    }
  }
}

function gap(told) {
  const channel = followed.get(told.channel);
  if (!channel) return;
  channel.position = told.position;
  channel.missed += told.missed;
  const count = whole.format(told.missed);
  notice("warn", told.channel,
    `gap: ${count} missed, ${told.from} to ${told.to}; cursor ${told.position}`);
  announce(`${told.channel}: ${count} events missed`);
}

function bye(message) {
  const { reason, retry } = JSON.parse(message.data);
  const when = retry ? `; back in ${(retry / 1_000).toFixed(1)} s` : "";
  notice("warn", "", `bye: ${reason}${when}`);
}

// MARK: Counting all, drawing some

/** The rows drawn in a second, and at once in a frame; more than anyone can read. */
const ROWS_PER_SECOND = 60;
const ROWS_PER_FRAME = 8;
/** The rows that stand on the page. */
const ROWS_MAX = 300;
/** The characters of data that a row holds. */
const DATA_MAX = 2_000;

let pending = [];
let skipped = 0;
let counted = 0;
let drawn = 0;
let isPaused = false;
let isAsked = false;
let allowance = ROWS_PER_SECOND;
let allowedAt = performance.now();

function arrived(event) {
  const channel = followed.get(event.channel);
  if (!channel) return;
  channel.position = event.position;
  channel.counted += 1;
  counted += 1;
  put(event);
}

/** A line of the page's own among the events: it is always drawn. */
function notice(tone, channel, text) {
  put({ tone, channel, text, time: new Date().toISOString() });
}

function put(row) {
  pending.push(row);
  // Only what could still be drawn is kept, and every notice.
  if (pending.length > 4 * ROWS_PER_SECOND) thin(2 * ROWS_PER_SECOND);
  askForFrame();
}

/** Leaves about so many of the waiting rows, spread evenly; each says how many events before it went. */
function thin(count) {
  const events = pending.filter((row) => row.tone === undefined).length;
  const places = Math.max(1, count - (pending.length - events));
  const kept = [];
  let seen = 0;
  for (const row of pending) {
    if (row.tone === undefined) {
      seen += 1;
      if (Math.floor(seen * places / events) === Math.floor((seen - 1) * places / events)) {
        skipped += 1 + (row.skipped ?? 0);
        continue;
      }
    }
    row.skipped = (row.skipped ?? 0) + skipped;
    skipped = 0;
    kept.push(row);
  }
  // Notices alone may be too many as well.
  pending = kept.slice(-Math.max(count, ROWS_MAX));
}

function askForFrame() {
  if (isAsked || isPaused) return;
  isAsked = true;
  requestAnimationFrame(draw);
}

function draw(now) {
  isAsked = false;
  if (isPaused) return;
  allowance = Math.min(ROWS_PER_SECOND, allowance + (now - allowedAt) * ROWS_PER_SECOND / 1_000);
  allowedAt = now;
  const room = Math.min(ROWS_PER_FRAME, Math.floor(allowance));
  if (room > 0 && pending.length > 0) {
    // A burst that fits into the allowance is drawn over several frames; what does not is sampled.
    if (pending.length > allowance) thin(Math.max(room, Math.floor(allowance)));
    const rows = pending.splice(0, room);
    allowance -= rows.length;
    const fragment = document.createDocumentFragment();
    for (const row of rows.reverse()) fragment.append(makeRow(row));
    const list = $("events");
    list.prepend(fragment);
    while (list.childElementCount > ROWS_MAX) list.lastElementChild.remove();
    drawn += rows.filter((row) => row.tone === undefined).length;
    $("empty").hidden = true;
  }
  if (pending.length > 0) askForFrame();
}

function makeRow(row) {
  const item = element("li");
  const before = element("span", "skipped", row.skipped ? `+${short.format(row.skipped)}` : "");
  if (row.skipped) before.title = `${whole.format(row.skipped)} events before this one not shown`;
  const time = element("time", "", row.time.slice(11, 23));
  time.dateTime = row.time;
  item.append(before, time, element("span", "channel", row.channel));
  if (row.tone !== undefined) {
    item.className = `notice ${row.tone}`;
    item.append(element("span", "said", row.text));
    return item;
  }
  const isFault = /(?:error|failed|dead)$/.test(row.type);
  const type = element("span", isFault ? "type fault" : "type", row.type);
  let text = JSON.stringify(row.data);
  if (text.length > DATA_MAX) text = `${text.slice(0, DATA_MAX)}…`;
  const data = element("span", "data", text);
  type.title = row.position;
  item.append(type, data);
  return item;
}

let announcedAt = 0;

/** Says something to those who hear the page; never more than once a second, and no events. */
function announce(text) {
  const now = performance.now();
  if (now - announcedAt < 1_000) return;
  announcedAt = now;
  $("announcer").textContent = text;
}

let before = { at: performance.now(), counted: 0, drawn: 0 };

/** Once a second: what was counted, and how much of it was shown. */
function drawRate() {
  const now = performance.now();
  const seconds = (now - before.at) / 1_000;
  const rate = (counted - before.counted) / seconds;
  const shown = (drawn - before.drawn) / seconds;
  before = { at: now, counted, drawn };
  const node = $("rate");
  node.dataset.counted = counted;
  const count = whole.format(counted);
  if (followed.size === 0 && counted === 0) say(node, "");
  else if (isPaused) say(node, `paused at ${rateText(rate)} events/s; ${count} counted`);
  else if (rate - shown > 1 && rate > ROWS_PER_SECOND / 2) {
    say(node, `showing ${rateText(shown)} of ${rateText(rate)} events/s; all counted: ${count}`);
  } else say(node, `${rateText(rate)} events/s; ${count} counted`);
  drawChips();
  keepCursors();
}

// MARK: Followed channels

function drawFollowed() {
  const list = $("followed");
  list.replaceChildren(...[...followed.values()].map((channel) => {
    if (channel.chip) return channel.chip.item;
    const item = element("li");
    const cursor = element("span", "cursor");
    const verdict = element("span");
    const numbers = element("span");
    const missed = element("span", "missed");
    const close = element("button", "", "×");
    close.type = "button";
    close.title = "Unfollow";
    close.setAttribute("aria-label", `Unfollow ${channel.name}`);
    close.addEventListener("click", () => {
      const next = item.nextElementSibling ?? item.previousElementSibling;
      unfollow(channel.name);
      (next?.querySelector("button") ?? $("find-text")).focus();
    });
    item.append(element("b", "", channel.name), verdict, numbers, missed, cursor, close);
    channel.chip = { item, cursor, verdict, numbers, missed };
    return item;
  }));
  drawChips();
}

function drawChips() {
  for (const { chip, counted, missed, position, verdict } of followed.values()) {
    if (!chip) continue;
    say(chip.verdict, verdict);
    chip.verdict.className = `verdict-${verdict}`;
    say(chip.numbers, counted === 1 ? "1 event" : `${whole.format(counted)} events`);
    say(chip.missed, missed > 0 ? `${whole.format(missed)} missed` : "");
    say(chip.cursor, position ?? "");
  }
}

// MARK: Channels and the node, asked every two seconds while somebody looks

const ASK_EVERY = 2_000;
/** The rows of the table; more are found by their name. */
const CHANNEL_ROWS_MAX = 200;

let channels = [];
let heads = new Map();
let rates = new Map();

async function askChannels() {
  const response = await fetch("channels?limit=1000");
  if (!response.ok) return;
  const answer = await response.json();
  const at = performance.now();
  const nextHeads = new Map();
  rates = new Map();
  for (const { channel, position } of answer.channels) {
    if (!position) continue;
    const { offset, epoch } = split(position);
    const last = heads.get(channel);
    if (last && last.epoch === epoch) {
      rates.set(channel, (offset - last.offset) / (at - last.at) * 1_000);
    }
    nextHeads.set(channel, { offset, epoch, at });
  }
  heads = nextHeads;
  channels = answer.channels;
  say($("channels-count"), `${whole.format(channels.length)}${answer.next ? "+" : ""} open`);
  drawChannels();
}

const channelRows = new Map();

function channelRow(name) {
  const known = channelRows.get(name);
  if (known) return known;
  const row = element("tr");
  const label = element("label");
  const box = element("input");
  box.type = "checkbox";
  box.addEventListener("change", () => {
    if (box.checked) follow(name);
    else unfollow(name);
    box.checked = followed.has(name);
  });
  label.append(box, element("span", "", name));
  const head = element("td");
  head.append(label);
  const cells = [1, 2, 3, 4].map(() => element("td", "number"));
  row.append(head, ...cells);
  const made = { row, box, cells };
  channelRows.set(name, made);
  return made;
}

function drawChannels() {
  const sought = $("find-text").value.trim().toLowerCase();
  const listed = channels.filter(({ channel }) => channel.toLowerCase().includes(sought));
  const rows = listed.slice(0, CHANNEL_ROWS_MAX).map((summary) => {
    const made = channelRow(summary.channel);
    made.box.checked = followed.has(summary.channel);
    const rate = rates.get(summary.channel) ?? 0;
    const numbers = [
      rateText(rate), whole.format(summary.followers), short.format(summary.lag_max),
      short.format(summary.dropped),
    ];
    numbers.forEach((text, place) => {
      say(made.cells[place], text);
      const isAlarm = place === 3 && summary.dropped > 0;
      made.cells[place].className = `number ${isAlarm ? "alarm" : text === "0" ? "quiet" : ""}`;
    });
    return made.row;
  });
  const body = $("channels");
  // Moving a row would take the focus from its checkbox.
  if (rows.length !== body.childElementCount || rows.some((row, at) => row !== body.children[at])) {
    const focused = document.activeElement;
    body.replaceChildren(...rows);
    if (focused !== document.activeElement && body.contains(focused)) focused.focus();
    const open = new Set(channels.map(({ channel }) => channel));
    for (const name of channelRows.keys()) if (!open.has(name)) channelRows.delete(name);
  }
  const more = listed.length - rows.length;
  say($("channels-note"),
    more > 0 ? `${whole.format(more)} more; narrow the search`
      : listed.length > 0 ? ""
      : channels.length === 0 ? "No channel is open. Publish an event, or follow one by name."
      : "No open channel has that in its name.");
}

let lastMetrics = null;

/** Sums and maxima of a page in the Prometheus text format. */
function readMetrics(text) {
  const sums = new Map();
  const maxima = new Map();
  for (const line of text.split("\n")) {
    if (line === "" || line.startsWith("#")) continue;
    const name = line.slice(0, line.search(/[{ ]/));
    const value = Number(line.slice(line.lastIndexOf(" ") + 1));
    sums.set(name, (sums.get(name) ?? 0) + value);
    maxima.set(name, Math.max(maxima.get(name) ?? 0, value));
  }
  return { at: performance.now(), sum: (name) => sums.get(name) ?? 0,
    max: (name) => maxima.get(name) ?? 0 };
}

async function askNode() {
  const [ready, metrics] = await Promise.all([fetch("readyz"), fetch("metrics")]);
  setState($("node"), ready.ok ? "good" : "warn", ready.ok ? "ready" : "draining");
  const now = readMetrics(await metrics.text());
  const perSecond = (name) => {
    if (!lastMetrics) return "–";
    const grown = now.sum(name) - lastMetrics.sum(name);
    return grown < 0 ? "–" : rateText(grown / (now.at - lastMetrics.at) * 1_000);
  };
  say($("stat-connections"), whole.format(now.sum("fanfare_connections")));
  say($("stat-channels"), whole.format(now.sum("fanfare_channels")));
  say($("stat-published"), perSecond("fanfare_events_published_total"));
  say($("stat-deliveries"), perSecond("fanfare_deliveries_total"));
  say($("stat-behind"), whole.format(now.sum("fanfare_followers_behind")));
  say($("stat-busy"), `${Math.round(100 * now.max("fanfare_loop_busy_ratio"))} %`);
  say($("stat-memory"),
    `${whole.format(now.sum("process_resident_memory_bytes") / 1_048_576)} MiB`);
  lastMetrics = now;
}

async function ask() {
  if (document.hidden) return;
  try {
    await Promise.all([askNode(), askChannels()]);
  } catch {
    setState($("node"), "bad", "unreachable");
  }
}

async function askForEver() {
  await ask();
  setTimeout(askForEver, ASK_EVERY);
}

// MARK: Publishing

const KNOWN_TYPES = [
  "agent_started", "agent_activity", "agent_thought", "agent_progress", "agent_completed",
  "agent_error", "issue_created", "issue_updated", "issue_closed", "workflow_update",
];

/** The field that a refusal is about. */
function fieldOf({ type = "", detail = "" }) {
  if (/channel/.test(type)) return "channel";
  if (/too-large|bad-json/.test(type)) return "data";
  if (/channel/i.test(detail)) return "channel";
  if (/\btype\b/i.test(detail)) return "type";
  return /\bdata\b/i.test(detail) ? "data" : "";
}

function showFault(field, text) {
  if (field === "") return say($("publish-error"), text);
  say($(`publish-${field}-error`), text);
  const input = $(`publish-${field}`);
  input.setAttribute("aria-invalid", "true");
  input.focus();
}

function forgetFaults() {
  for (const field of ["channel", "type", "data"]) {
    say($(`publish-${field}-error`), "");
    $(`publish-${field}`).removeAttribute("aria-invalid");
  }
  say($("publish-error"), "");
  say($("published"), "");
}

async function publish() {
  forgetFaults();
  const channel = $("publish-channel").value.trim();
  const type = $("publish-type").value.trim();
  const data = $("publish-data").value.trim();
  if (channel === "") return showFault("channel", "Name the channel.");
  if (type === "") return showFault("type", "Give the event a type.");
  try {
    JSON.parse(data);
  } catch (fault) {
    return showFault("data", `Not JSON: ${fault.message}`);
  }
  try {
    const response = await fetch(`channels/${encodeURIComponent(channel)}/events`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      // The data goes out as it was written: it is carried byte for byte.
      body: `{"type":${JSON.stringify(type)},"data":${data}}`,
    });
    if (!response.ok) {
      const fault = await problem(response);
      return showFault(fieldOf(fault), fault.detail || fault.title);
    }
    const { position } = await response.json();
    say($("published"), `Stored at ${position}`);
  } catch {
    showFault("", "The server cannot be reached; try again.");
  }
}

// MARK: Controls

$("find").addEventListener("submit", (submit) => {
  submit.preventDefault();
  const name = $("find-text").value.trim();
  if (name === "") return;
  follow(name);
  $("find-text").value = "";
  $("find-follow").disabled = true;
  drawChannels();
});

$("find-text").addEventListener("input", () => {
  $("find-follow").disabled = $("find-text").value.trim() === "";
  drawChannels();
});

$("tools").addEventListener("submit", (submit) => submit.preventDefault());

$("types").addEventListener("change", () => {
  types = $("types").value.trim();
  writeAddress();
  openSoon();
});

$("wrap").addEventListener("change", () => {
  $("events").classList.toggle("whole", $("wrap").checked);
});

$("pause").addEventListener("click", () => {
  isPaused = !isPaused;
  $("pause").setAttribute("aria-pressed", String(isPaused));
  drawRate();
  askForFrame();
});

$("clear").addEventListener("click", () => {
  $("events").replaceChildren();
  pending = [];
  skipped = 0;
});

$("publish").addEventListener("submit", (submit) => {
  submit.preventDefault();
  publish();
});

$("skip").addEventListener("click", (click) => {
  // The address holds what is followed.
  click.preventDefault();
  $("events").focus();
});

function begin() {
  readAddress();
  $("types").value = types;
  drawFollowed();
  drawChannels();
  openSoon();
}

$("known-types").append(...KNOWN_TYPES.map((type) => {
  const option = element("option");
  option.value = type;
  return option;
}));
addEventListener("hashchange", begin);
addEventListener("pagehide", keepCursors);
document.addEventListener("visibilitychange", ask);
setInterval(drawRate, 1_000);
begin();
askForEver();
