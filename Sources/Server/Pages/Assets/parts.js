// What the pages share. Whatever comes from outside is put on them as text, never as markup.

export const $ = (id) => document.getElementById(id);

/** An element with a class and a text. */
export function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

/** Sets a text, and leaves the document alone where nothing changed. */
export function say(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

export function setState(node, state, text) {
  if (node.dataset.state !== state) node.dataset.state = state;
  say(node, text);
}

/** Puts `nodes` into `parent`, and leaves the document alone where they stand there already:
    whoever moves a node takes the focus from it. */
export function fill(parent, nodes) {
  const isSame = nodes.length === parent.childElementCount
    && nodes.every((node, at) => node === parent.children[at]);
  if (isSame) return;
  const focused = document.activeElement;
  parent.replaceChildren(...nodes);
  if (focused !== document.activeElement && parent.contains(focused)) focused.focus();
}

export const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
export const short = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });

/** What a refusal says, or what a broken connection does. */
export async function problem(response) {
  try {
    return await response.json();
  } catch {
    return { status: response.status, title: response.statusText, detail: "" };
  }
}

/** One sentence for what `problem` gave, or for what `fetch` threw. */
export function faultText(fault) {
  return fault.detail || fault.title || "The server cannot be reached; try again.";
}

/** A time span for people: `48 s`, `12 min`, `3 h`. */
export function spanText(seconds) {
  if (seconds < 0.95) return `${Math.max(0, Math.round(seconds * 1_000))} ms`;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 5_400) return `${Math.round(seconds / 60)} min`;
  if (seconds < 129_600) return `${Math.round(seconds / 3_600)} h`;
  return `${Math.round(seconds / 86_400)} d`;
}

// MARK: JSON as it was written: numbers keep their digits, texts their escapes

/** The end of the value that begins at `start` of well-formed JSON. */
function valueEnd(text, start) {
  let depth = 0;
  for (let at = start; at < text.length; at += 1) {
    const letter = text[at];
    if (letter === '"') {
      for (at += 1; text[at] !== '"' && at < text.length; at += 1) if (text[at] === "\\") at += 1;
    } else if (letter === "{" || letter === "[") depth += 1;
    else if (letter === "}" || letter === "]") {
      if (depth === 0) return at;
      depth -= 1;
    } else if (letter === "," && depth === 0) return at;
  }
  return text.length;
}

/** The members of a JSON object, each value as its text. */
export function rawMembers(text) {
  const members = {};
  let at = text.indexOf("{") + 1;
  while (at > 0 && at < text.length) {
    const begin = text.indexOf('"', at);
    if (begin < 0) break;
    let colon = begin + 1;
    while (text[colon] !== '"') colon += text[colon] === "\\" ? 2 : 1;
    const key = JSON.parse(text.slice(begin, colon + 1));
    const start = text.indexOf(":", colon) + 1;
    const end = valueEnd(text, start);
    members[key] = text.slice(start, end).trim();
    at = end + 1;
  }
  return members;
}

/** JSON with a line for every member and element. */
export function pretty(text) {
  let made = "";
  let depth = 0;
  const line = () => `\n${"  ".repeat(depth)}`;
  for (let at = 0; at < text.length; at += 1) {
    const letter = text[at];
    if (letter === '"') {
      const start = at;
      for (at += 1; text[at] !== '"' && at < text.length; at += 1) if (text[at] === "\\") at += 1;
      made += text.slice(start, at + 1);
    } else if (letter === "{" || letter === "[") {
      const rest = /^\s*[}\]]/.exec(text.slice(at + 1, at + 200));
      if (rest) {
        made += letter + rest[0].trim();
        at += rest[0].length;
      } else {
        depth += 1;
        made += letter + line();
      }
    } else if (letter === "}" || letter === "]") {
      depth -= 1;
      made += line() + letter;
    } else if (letter === ",") made += `,${line()}`;
    else if (letter === ":") made += ": ";
    else if (letter.trim() !== "") made += letter;
  }
  return made;
}

// MARK: Asking

/** How far the server's clock is ahead of this one, in milliseconds. */
let clockAhead = 0;

/** What time it is where the times of jobs come from. */
export function serverNow() {
  return Date.now() + clockAhead;
}

/** Asks this server. What it refuses, and what does not reach it, is thrown as `problem` gives it. */
export async function ask(path, { method = "GET", body, accept = "application/json" } = {}) {
  const headers = { Accept: accept };
  // A POST without a JSON type would be refused as one that a foreign page could send.
  if (method === "POST") headers["Content-Type"] = "application/json";
  const response = await fetch(path, {
    method, headers, body: method === "POST" ? body ?? "{}" : undefined,
  });
  const date = Date.parse(response.headers.get("Date") ?? "");
  // The field tells whole seconds: only a clock that is really off is corrected.
  if (date) clockAhead = Math.abs(date - Date.now()) > 2_000 ? date - Date.now() : 0;
  if (!response.ok) throw await problem(response);
  const text = await response.text();
  return { status: response.status, text, json: () => JSON.parse(text) };
}
