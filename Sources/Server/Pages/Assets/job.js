// One job, or one workflow, beside the list. Whatever comes from outside is put here as text.

import {
  $, ask, element, faultText, fill, pretty, rawMembers, say, serverNow, setState, spanText, whole,
} from "./parts.js";

/** The lines of a timeline that stand on the page. */
const TIMELINE_MAX = 200;
/** The errors, which the server bounds as well, and the characters of a value or a log. */
const ERRORS_MAX = 20;
const TEXT_MAX = 65_536;

const TONES = {
  running: "calm", retrying: "warn", succeeded: "good", dead: "bad", failed: "bad",
};

/** The tone in which a state is shown. */
export function tone(state) {
  return TONES[state] ?? "";
}

/** How far a job is, in words: `3 of 5`. */
export function progressText({ current, total }) {
  const number = (value) => Number.isInteger(value) ? whole.format(value) : value.toFixed(1);
  return total ? `${number(current)} of ${number(total)}` : number(current);
}

/** Sets a bar; one without a total is shown as full of the unknown. */
export function setBar(bar, progress, isOver) {
  bar.hidden = !progress;
  if (!progress) return;
  if (progress.total > 0) {
    bar.max = progress.total;
    bar.value = Math.min(progress.current, progress.total);
  } else if (isOver) {
    bar.max = 1;
    bar.value = 1;
  } else {
    bar.removeAttribute("value");
  }
}

/** The path of a job or a workflow, whose id may be anybody's word. */
const jobPath = (id) => `jobs/${encodeURIComponent(id)}`;
const workflowPath = (id) => `workflows/${encodeURIComponent(id)}`;

function bounded(text) {
  return text.length > TEXT_MAX ? `${text.slice(0, TEXT_MAX)}…` : text;
}

function localTime(iso) {
  const time = new Date(iso);
  if (Number.isNaN(time.valueOf())) return String(iso);
  const isToday = new Date(serverNow()).toISOString().slice(0, 10) === time.toISOString().slice(0, 10);
  const text = time.toISOString();
  return isToday ? `${text.slice(11, 19)} UTC` : `${text.slice(0, 10)} ${text.slice(11, 19)} UTC`;
}

/** A time with its distance from now: `18:00:00 UTC, in 5 min`. */
function timeText(iso) {
  const seconds = (Date.parse(iso) - serverNow()) / 1_000;
  const distance = seconds > 0 ? `in ${spanText(seconds)}` : `${spanText(-seconds)} ago`;
  return `${localTime(iso)}, ${distance}`;
}

// MARK: What the page around it gives

let page = null;
/** What is shown: a view with `update()` and `close()`. */
let shown = null;

/** Names what the detail needs of its page: `go` to a place, `changed` after it did something,
    `confirm`, and `announce`. */
export function attach(around) {
  page = around;
}

/** Shows what the address names; nothing where it names nothing. */
export function show({ job, workflow }) {
  const key = job ? `job ${job}` : workflow ? `workflow ${workflow}` : "";
  if ((shown?.key ?? "") === key) return;
  shown?.close();
  shown = null;
  $("detail").hidden = key === "";
  document.querySelector("main").classList.toggle("has-detail", key !== "");
  if (key === "") return;
  $("detail-body").replaceChildren();
  $("detail-body").scrollTop = 0;
  $("detail-close").setAttribute("aria-label", job ? "Close the job" : "Close the workflow");
  shown = job ? jobView(job) : workflowView(workflow);
  shown.key = key;
  shown.update();
}

/** Brings what is shown up to date. */
export function update() {
  return shown?.update();
}

// MARK: Parts of both

function part(title, content) {
  const made = element("div");
  made.append(element("h3", "", title), content);
  made.hidden = true;
  return made;
}

function facts(list, entries) {
  const nodes = [];
  for (const [name, value] of entries) {
    if (value === undefined || value === null || value === "" || value === false) continue;
    const place = element("dd");
    if (value instanceof Node) place.append(value);
    else place.textContent = value;
    nodes.push(element("dt", "", name), place);
  }
  // A link that has the focus stays where it is.
  if (list.textContent === nodes.map((node) => node.textContent).join("")) return;
  list.replaceChildren(...nodes);
}

function link(href, text) {
  const made = element("a", "", text);
  made.href = href;
  return made;
}

function button(text, act, className) {
  const made = element("button", className, text);
  made.type = "button";
  made.addEventListener("click", act);
  return made;
}

/** Does what a button says, and shows why it could not. */
async function act(buttons, error, work) {
  for (const one of buttons) one.disabled = true;
  say(error, "");
  try {
    await work();
    page.changed();
    await update();
  } catch (fault) {
    say(error, faultText(fault));
  }
  for (const one of buttons) one.disabled = false;
}

function usageText({ tokens, cost, duration } = {}) {
  const parts = [];
  if (tokens) parts.push(`${whole.format(tokens)} tokens`);
  if (cost) parts.push(`cost ${cost.toFixed(cost < 1 ? 4 : 2)}`);
  if (duration) parts.push(spanText(duration));
  return parts.join(" · ");
}

// MARK: A job

function jobView(id) {
  const why = element("p", "why muted");
  const meter = element("div", "meter");
  const bar = element("progress");
  const share = element("output");
  const message = element("span", "said");
  meter.append(bar, share, message);
  const error = element("p", "error");
  error.setAttribute("role", "alert");
  const list = element("dl");
  const errors = element("ol", "errors");
  const timeline = element("ol", "timeline");
  const log = element("pre");
  log.tabIndex = 0;
  const texts = {};
  for (const name of ["args", "input", "checkpoint", "result", "usage"]) {
    texts[name] = element("pre");
    texts[name].tabIndex = 0;
  }
  const parts = {
    errors: part("Errors, newest first", errors), timeline: part("Timeline, newest first", timeline),
    args: part("Arguments", texts.args), input: part("Input, from the step before", texts.input),
    result: part("Result", texts.result), checkpoint: part("Checkpoint", texts.checkpoint),
    usage: part("Usage", texts.usage), log: part("Log", log),
  };
  let job = null;
  let members = {};
  let isAsking = false;

  const cancel = button("Cancel the job", () => act([cancel], error, () =>
    ask(jobPath(id), { method: "DELETE" })), "grave");
  const retry = button("Retry …", () => editor.begin());
  const actions = element("div", "actions");
  actions.append(cancel, retry);
  const editor = argumentsEditor(id, () => members.args ?? "null", retry);
  $("detail-body").append(why, meter, actions, editor.form, error, list, parts.errors, parts.timeline,
    parts.args, parts.input, parts.result, parts.checkpoint, parts.usage, parts.log);
  say($("detail-title"), id);
  setState($("detail-state"), "", "asking …");

  function draw() {
    const isOver = ["succeeded", "dead", "cancelled"].includes(job.state);
    say($("detail-title"), job.task);
    const isStopping = job.state === "running" && job.cancel_requested;
    setState($("detail-state"), tone(job.state), isStopping ? "stopping" : job.state);
    say(why, job.waiting_for ? `Waits for ${job.waiting_for}` : "");
    why.hidden = !job.waiting_for;
    drawProgress(job.progress, isOver);
    cancel.hidden = isOver;
    retry.hidden = job.state !== "dead" && job.state !== "cancelled";
    if (retry.hidden) editor.end();
    actions.hidden = cancel.hidden && retry.hidden || editor.isOpen();
    const workflow = job.workflow?.id;
    const attempts = job.attempts ? ` of ${whole.format(job.attempts)}` : "";
    facts(list, [
      ["Id", element("code", "", id)],
      ["Queue", job.queue],
      ["Attempt", job.attempt ? `${whole.format(job.attempt)}${attempts}` : "none yet"],
      ["Crashes", job.crashes ? whole.format(job.crashes) : ""],
      ["Reason", job.reason],
      ["Releases", job.releases ? whole.format(job.releases) : ""],
      ["Worker", job.worker],
      ["Channel", job.channel && link(`./#channels=${encodeURIComponent(job.channel)}`, job.channel)],
      ["Workflow", workflow && link(page.address({ workflow }), `${workflow}, step ${job.workflow.step}`)],
      ["Priority", job.priority ? String(job.priority) : ""],
      ["Key", job.key],
      ["Rate key", job.rate_key],
      ["Timeout", job.timeout ? spanText(job.timeout) : ""],
      ["Made", job.created && timeText(job.created)],
      ["Started", job.started && timeText(job.started)],
      ["Finished", job.finished && timeText(job.finished)],
      ["Next", !isOver && job.next_at && timeText(job.next_at)],
    ]);
    for (const name of Object.keys(texts)) {
      const raw = members[name];
      parts[name].hidden = raw === undefined || raw === "null";
      if (!parts[name].hidden) say(texts[name], bounded(pretty(raw)));
    }
    drawErrors();
  }

  function drawProgress(progress, isOver) {
    meter.hidden = !progress;
    if (!progress) return;
    setBar(bar, progress, isOver);
    bar.setAttribute("aria-label", "Progress");
    say(share, progressText(progress));
    say(message, progress.message ?? "");
  }

  function drawErrors() {
    const told = [...(job.errors ?? [])].reverse().slice(0, ERRORS_MAX);
    parts.errors.hidden = told.length === 0;
    const key = JSON.stringify(told);
    if (errors.dataset.key === key) return;
    errors.dataset.key = key;
    errors.replaceChildren(...told.map((one) => {
      const item = element("li");
      const head = `attempt ${one.attempt} · ${localTime(one.time)}`;
      item.append(element("div", "muted", head), element("div", "text", bounded(one.error)));
      return item;
    }));
  }

  // The job's own events: the browser's EventSource replays and resumes them, and ends with them.
  const drawn = [];
  let source = null;
  let due = 0;
  function listen() {
    drawn.length = 0;
    source = new EventSource(`${jobPath(id)}/events?after=oldest&named=0&format=event`);
    source.onmessage = (message) => arrived(JSON.parse(message.data));
  }

  function arrived(event) {
    if (!add(event)) return;
    if (kindOf(event) === "progress" && job?.state === "running") {
      job.progress = event.data;
      return drawProgress(event.data, false);
    }
    // Many at once, as in a replay, ask once.
    clearTimeout(due);
    due = setTimeout(view.update, 80);
  }

  function add(event) {
    const kind = kindOf(event);
    if (!kind) return false;
    const time = element("time", "", String(event.time ?? "").slice(11, 23));
    if (event.time) time.dateTime = event.time;
    const isFault = ["failed", "dead"].includes(kind);
    const name = element("span", isFault ? "type fault" : "type", kind);
    const item = element("li");
    item.append(time, name, element("span", "what", bounded(told(kind, event.data ?? {}))));
    // Of progress that follows progress only the newest stands there.
    if (kind === "progress" && drawn[0]?.kind === kind) drawn.shift();
    drawn.unshift({ kind, item });
    if (drawn.length > TIMELINE_MAX) drawn.pop();
    parts.timeline.hidden = false;
    requestFrame();
    return true;
  }

  let isAsked = false;
  function requestFrame() {
    if (isAsked) return;
    isAsked = true;
    requestAnimationFrame(() => {
      isAsked = false;
      fill(timeline, drawn.map(({ item }) => item));
    });
  }

  let logAt = 0;
  async function drawLog() {
    const isDue = job.state === "running" || logAt === 0 || log.dataset.of !== job.state;
    if (!isDue || performance.now() - logAt < 1_500 && log.dataset.of === job.state) return;
    logAt = performance.now();
    const { text } = await ask(`${jobPath(id)}/log`, { accept: "text/plain" });
    log.dataset.of = job.state;
    parts.log.hidden = text === "";
    const isAtEnd = log.scrollTop + log.clientHeight >= log.scrollHeight - 4;
    say(log, text.length > TEXT_MAX ? `…${text.slice(-TEXT_MAX)}` : text);
    if (isAtEnd) log.scrollTop = log.scrollHeight;
  }

  const view = {
    async update() {
      if (isAsking) return;
      isAsking = true;
      try {
        const { text } = await ask(jobPath(id));
        if (shown !== view) return;
        members = rawMembers(text);
        job = JSON.parse(text);
        draw();
        // It was over, and somebody retried it.
        const isOver = ["succeeded", "dead", "cancelled"].includes(job.state);
        if (source.readyState === EventSource.CLOSED && !isOver) listen();
        await drawLog();
      } catch (fault) {
        if (shown === view && fault.status === 404) missing("no such job", fault);
      } finally {
        isAsking = false;
      }
    },
    close() {
      source.close();
      clearTimeout(due);
    },
  };
  listen();
  return view;
}

function missing(text, fault) {
  setState($("detail-state"), "bad", text);
  $("detail-body").replaceChildren(element("p", "muted", faultText(fault)));
}

/** `progress` of `job_progress`; nothing for what the stream says of itself. */
function kindOf(event) {
  return typeof event.type === "string" ? event.type.replace(/^job_/, "") : "";
}

/** What an entry of the timeline says. */
function told(kind, data) {
  const attempt = data.attempt ? `attempt ${data.attempt}` : "";
  const parts = {
    started: [attempt, data.worker && `by ${data.worker}`],
    progress: [data.current !== undefined && progressText(data), data.message],
    failed: [attempt, data.error],
    retrying: [data.next_at && `next at ${localTime(data.next_at)}`],
    dead: [data.reason, data.error],
  }[kind] ?? [];
  return parts.filter(Boolean).map(String).join(" · ");
}

/** The form in which a dead or cancelled job gets other arguments. */
function argumentsEditor(id, original, opener) {
  const form = element("form");
  form.hidden = true;
  const label = element("label", "muted", "Arguments, as JSON");
  const input = element("textarea");
  input.rows = 6;
  input.spellcheck = false;
  input.id = "job-arguments";
  label.htmlFor = input.id;
  const fault = element("p", "error");
  fault.setAttribute("role", "alert");
  const yes = element("button", "primary", "Retry");
  const no = button("Leave it", () => {
    end();
    update();
    opener.focus();
  });
  const row = element("div", "actions");
  row.append(yes, no);
  form.append(label, input, fault, row);
  form.addEventListener("submit", (submit) => {
    submit.preventDefault();
    const text = input.value.trim();
    input.removeAttribute("aria-invalid");
    try {
      JSON.parse(text);
    } catch (error) {
      say(fault, `Not JSON: ${error.message}`);
      input.setAttribute("aria-invalid", "true");
      input.focus();
      return;
    }
    act([yes, no], fault, async () => {
      // What was not changed goes out as it came; what was, as it was written.
      const body = text === pretty(original()) ? "{}" : `{"args":${text}}`;
      await ask(`${jobPath(id)}/retry`, { method: "POST", body });
      end();
      page.announce("Queued once more");
    });
  });
  function end() {
    form.hidden = true;
    say(fault, "");
  }
  return {
    form, end,
    isOpen: () => !form.hidden,
    begin() {
      input.value = pretty(original());
      form.hidden = false;
      opener.parentElement.hidden = true;
      input.focus();
    },
  };
}

// MARK: A workflow

function workflowView(id) {
  const message = element("p", "why muted");
  const meter = element("div", "meter");
  const bar = element("progress");
  bar.setAttribute("aria-label", "Steps done");
  const share = element("output");
  meter.append(bar, share);
  const error = element("p", "error");
  error.setAttribute("role", "alert");
  const list = element("dl");
  const steps = element("ol", "steps");
  const cancel = button("Cancel the workflow …", async () => {
    const isSure = await page.confirm(
      "Cancel the workflow?", "The step that runs is asked to stop; those after it never begin.",
      "Cancel the workflow");
    if (isSure) await act([cancel], error, () => ask(workflowPath(id), { method: "DELETE" }));
  }, "grave");
  const actions = element("div", "actions");
  actions.append(cancel);
  $("detail-body").append(message, meter, actions, error, list, steps);
  say($("detail-title"), `Workflow ${id}`);
  setState($("detail-state"), "", "asking …");
  const rows = [];
  let isAsking = false;

  function draw(workflow) {
    setState($("detail-state"), tone(workflow.state), workflow.state);
    say(message, workflow.message ?? "");
    const done = workflow.steps.filter(({ state }) => state === "succeeded").length;
    setBar(bar, { current: done, total: workflow.total_steps ?? workflow.steps.length });
    say(share, `${done} of ${workflow.steps.length} steps`);
    cancel.parentElement.hidden = workflow.state !== "running";
    facts(list, [
      ["Used", usageText(workflow.usage)],
      ["Made", workflow.created && timeText(workflow.created)],
      ["Finished", workflow.finished && timeText(workflow.finished)],
    ]);
    workflow.steps.slice(0, TIMELINE_MAX).forEach((step, place) => {
      rows[place] ??= stepRow();
      rows[place].link.href = page.address({ job: step.job });
      say(rows[place].link, step.task);
      setState(rows[place].state, tone(step.state), step.state ?? "gone");
    });
    fill(steps, rows.map(({ item }) => item));
  }

  function stepRow() {
    const item = element("li");
    const made = { item, link: link("", ""), state: element("span", "state") };
    item.append(made.link, made.state);
    return made;
  }

  const view = {
    async update() {
      if (isAsking) return;
      isAsking = true;
      try {
        const answer = await ask(workflowPath(id));
        if (shown === view) draw(answer.json());
      } catch (fault) {
        if (shown === view && fault.status === 404) missing("no such workflow", fault);
      } finally {
        isAsking = false;
      }
    },
    close() {},
  };
  return view;
}
