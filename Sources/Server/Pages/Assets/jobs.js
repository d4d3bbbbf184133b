// The page of jobs. Whatever comes from outside is put on it as text, never as markup.

import {
  $, ask, element, faultText, fill, say, serverNow, setState, short, spanText, whole,
} from "./parts.js";
import * as detail from "./job.js";
import * as form from "./enqueue.js";

// MARK: The place. It stands in the address, so that a reload, a bookmark and the way back work.

const PLACE = ["queue", "state", "task", "error", "job", "workflow"];

let place = {};

function readAddress() {
  const asked = new URLSearchParams(location.hash.slice(1));
  place = Object.fromEntries(PLACE.map((name) => [name, asked.get(name) ?? ""]));
}

/** The address of a place: what is not named stays as it is, but for the job or workflow shown. */
function address(change) {
  const next = { ...place, job: "", workflow: "", ...change };
  const query = new URLSearchParams();
  for (const name of PLACE) if (next[name]) query.set(name, next[name]);
  return query.size > 0 ? `#${query}` : "#";
}

function go(change) {
  const next = address({ job: place.job, workflow: place.workflow, ...change });
  if (next === (location.hash || "#")) return;
  location.hash = next;
}

// MARK: Asked every second while somebody looks

const ASK_EVERY = 1_000;
/** The jobs that are listed at once; older ones come in their place. */
const PAGE = 100;
const RUNNING_MAX = 50;
/** Where few jobs match, the server ends a page before it has one: so many are passed by at once. */
const EMPTY_MAX = 10;
/** The queues that are listed. */
const QUEUES_MAX = 200;

let isAsking = false;
let asksAgain = 0;

async function askAll() {
  if (isAsking || document.hidden) return;
  isAsking = true;
  const begun = performance.now();
  try {
    await Promise.all([askQueues(), askJobs(), detail.update()]);
    setState($("node"), "good", "ready");
    say($("queues-error"), "");
  } catch (fault) {
    setState($("node"), "bad", fault.status ? "refused" : "unreachable, trying again");
    if (fault.status) say($("queues-error"), faultText(fault));
  }
  isAsking = false;
  // A server that needs long is asked more seldom.
  clearTimeout(asksAgain);
  asksAgain = setTimeout(askAll, Math.max(ASK_EVERY, 4 * (performance.now() - begun)));
}

function askSoon() {
  clearTimeout(asksAgain);
  asksAgain = setTimeout(askAll, 40);
}

// MARK: Queues

let queues = [];
const queueCards = new Map();

/** Counts by what people ask: what waits for something else is `later`. */
function sums(counts) {
  const count = (state) => counts[state] ?? 0;
  return {
    running: count("running"), queued: count("queued"), retrying: count("retrying"),
    later: count("scheduled") + count("waiting"), dead: count("dead"),
  };
}

async function askQueues() {
  queues = (await ask("queues")).json().queues;
  const all = { running: 0, queued: 0, retrying: 0, later: 0, dead: 0 };
  const workers = new Set();
  let oldest = null;
  for (const queue of queues) {
    const here = sums(queue.counts);
    for (const name of Object.keys(all)) all[name] += here[name];
    for (const { worker } of queue.workers) workers.add(worker);
    const waits = queue.oldest_seconds;
    if (typeof waits === "number") oldest = Math.max(oldest ?? 0, waits);
  }
  say($("stat-running"), short.format(all.running));
  say($("stat-queued"), short.format(all.queued));
  say($("stat-later"), short.format(all.later + all.retrying));
  say($("stat-dead"), short.format(all.dead));
  say($("stat-workers"), whole.format(workers.size));
  say($("stat-oldest"), oldest === null ? "–" : spanText(oldest));
  say($("queues-count"), queues.length === 1 ? "1 queue" : `${whole.format(queues.length)} queues`);
  drawQueues();
}

function drawQueues() {
  const listed = queues.slice(0, QUEUES_MAX);
  fill($("queues"), listed.map(drawQueue));
  const names = new Set(listed.map(({ queue }) => queue));
  for (const name of queueCards.keys()) if (!names.has(name)) queueCards.delete(name);
  fillQueueNames();
  drawDeadTools();
}

const COUNTS = ["running", "queued", "scheduled", "waiting", "retrying", "dead"];

function queueCard(name) {
  const known = queueCards.get(name);
  if (known) return known;
  const card = element("li");
  const head = element("div", "head");
  const title = element("button", "link name", name);
  title.type = "button";
  title.addEventListener("click", () => go({ queue: place.queue === name ? "" : name }));
  const state = element("span", "state");
  const act = element("button", "act");
  act.type = "button";
  act.addEventListener("click", () => pauseOrResume(name, act));
  head.append(title, state, act);
  const share = element("div", "share");
  share.setAttribute("aria-hidden", "true");
  const shares = {};
  for (const part of ["running", "queued", "later", "retrying", "dead"]) {
    shares[part] = element("i", `of-${part}`);
    share.append(shares[part]);
  }
  const counts = element("div", "counts");
  const numbers = {};
  for (const word of COUNTS) {
    const button = element("button", "link");
    button.type = "button";
    button.dataset.state = word;
    numbers[word] = { button, number: element("b") };
    button.append(numbers[word].number, ` ${word}`);
    button.addEventListener("click", () => go({ queue: name, state: word, error: "" }));
    counts.append(button);
  }
  const workers = element("p", "facts");
  const limits = element("p", "facts");
  card.append(head, share, counts, workers, limits);
  const made = { card, title, state, act, shares, numbers, workers, limits };
  queueCards.set(name, made);
  return made;
}

function drawQueue(queue) {
  const made = queueCard(queue.queue);
  const isChosen = place.queue === queue.queue;
  if (isChosen) made.card.dataset.chosen = "";
  else delete made.card.dataset.chosen;
  made.title.setAttribute("aria-pressed", String(isChosen));
  const retrying = queue.retrying_dead;
  made.state.hidden = !queue.paused && !retrying;
  if (queue.paused) setState(made.state, "warn", "paused");
  else if (retrying) setState(made.state, "calm", `retrying ${short.format(retrying)} dead`);
  say(made.act, queue.paused ? "Resume" : "Pause");
  made.act.setAttribute("aria-label", `${made.act.textContent} ${queue.queue}`);
  const here = sums(queue.counts);
  for (const [name, part] of Object.entries(made.shares)) part.style.flexGrow = String(here[name]);
  for (const word of COUNTS) {
    const count = queue.counts[word] ?? 0;
    const { button, number } = made.numbers[word];
    say(number, short.format(count));
    number.title = whole.format(count);
    button.classList.toggle("zero", count === 0);
    // What is always asked for is always there; the rest where there is some.
    button.hidden = count === 0 && !["running", "queued", "dead"].includes(word);
  }
  say(made.workers, workersText(queue));
  made.workers.title = queue.workers.slice(0, 50)
    .map(({ worker, leases }) => `${worker}: ${leases}`).join("\n");
  say(made.limits, limitsText(queue.limits));
  return made.card;
}

function workersText({ oldest_seconds: oldest, workers }) {
  const leases = workers.reduce((sum, worker) => sum + (worker.leases ?? 0), 0);
  const names = workers.length === 1 ? "1 worker" : `${whole.format(workers.length)} workers`;
  const parts = [workers.length === 0 ? "no worker" : `${names}, ${whole.format(leases)} leased`];
  if (typeof oldest === "number") parts.push(`oldest ${spanText(oldest)}`);
  return parts.join(" · ");
}

/** The settings of a queue, by the words of the configuration. */
function limitsText({ concurrency, prefetch, max_running: running, lease_seconds: lease, attempts }) {
  const parts = [`concurrency ${concurrency}`, `prefetch ${prefetch}`];
  if (running) parts.push(`max-running ${running}`);
  if (lease) parts.push(`lease ${spanText(lease)}`);
  if (attempts) parts.push(`attempts ${attempts}`);
  // A line breaks between two settings, never within one.
  return parts.map((part) => part.replaceAll(" ", "\u00A0")).join(" · ");
}

async function pauseOrResume(name, button) {
  const isPaused = queues.find(({ queue }) => queue === name)?.paused;
  button.disabled = true;
  try {
    await ask(`queues/${encodeURIComponent(name)}/${isPaused ? "resume" : "pause"}`, { method: "POST" });
    announce(`${name} ${isPaused ? "resumed" : "paused"}`);
    await askQueues();
  } catch (fault) {
    say($("queues-error"), faultText(fault));
  }
  button.disabled = false;
}

function fillQueueNames() {
  const names = queues.map(({ queue }) => queue);
  form.offer(names, place.queue);
  if (place.queue && !names.includes(place.queue)) names.push(place.queue);
  const shown = [...$("queue").options].slice(1).map(({ value }) => value);
  if (shown.join() === names.join()) return;
  const options = names.map((name) => {
    const option = element("option", "", name);
    option.value = name;
    return option;
  });
  $("queue").replaceChildren($("queue").options[0], ...options);
  $("queue").value = place.queue;
}

// MARK: Jobs

/** Where the page of older jobs begins; empty at the newest. */
let before = "";
/** What the next page of older ones begins at. */
let next = "";
let listed = [];
const rows = new Map();
/** The dead jobs that are chosen to be retried. */
const chosen = new Set();
/** Answers that were asked for another place come too late. */
let asked = 0;

/** What of a job its row shows. */
const FIELDS = "id,queue,task,state,attempt,progress,error,workflow,created,started,next_at";

const isDeadList = () => place.state === "dead" && place.queue !== "";

function listPath(change = {}, start = before) {
  const query = new URLSearchParams({ limit: String(PAGE), fields: FIELDS });
  if (start) query.set(isDeadList() ? "after" : "before", start);
  if (place.task) query.set("task", place.task);
  if (isDeadList()) {
    if (place.error) query.set("error", place.error);
    return `queues/${encodeURIComponent(place.queue)}/dead?${query}`;
  }
  for (const name of ["queue", "state"]) if (place[name]) query.set(name, place[name]);
  for (const [name, value] of Object.entries(change)) query.set(name, value);
  return `jobs?${query}`;
}

/** The first page, from where the list begins, that is not empty. */
async function askPage(isStill) {
  let answer = (await ask(listPath())).json();
  for (let passed = 0; passed < EMPTY_MAX && isStill(); passed += 1) {
    if (answer.jobs.length > 0 || !answer.next) break;
    answer = (await ask(listPath({}, answer.next))).json();
  }
  return answer;
}

async function askJobs() {
  const mine = ++asked;
  // Those that run stand first where all are listed.
  const isMixed = place.state === "" && before === "";
  try {
    const [running, answer] = await Promise.all([
      isMixed ? ask(listPath({ state: "running", limit: String(RUNNING_MAX) })) : null,
      askPage(() => mine === asked),
    ]);
    if (mine !== asked) return;
    const first = running?.json().jobs ?? [];
    const ids = new Set(first.map(({ id }) => id));
    listed = [...first, ...answer.jobs.filter(({ id }) => !ids.has(id))];
    next = answer.next ?? "";
    say($("filter-error"), "");
  } catch (fault) {
    if (mine !== asked) return;
    if (fault.status !== 400 && fault.status !== 404 && fault.status !== 422) throw fault;
    say($("filter-error"), faultText(fault));
    listed = [];
    next = "";
  }
  drawJobs();
}

function drawJobs() {
  fill($("jobs"), listed.map(drawJob));
  const ids = new Set(listed.map(({ id }) => id));
  for (const id of rows.keys()) if (!ids.has(id)) rows.delete(id);
  for (const id of chosen) if (!ids.has(id)) chosen.delete(id);
  const count = listed.length === 1 ? "1 job" : `${whole.format(listed.length)} jobs`;
  say($("list-count"), listed.length === 0 ? "" : next ? `${count}, and more` : count);
  $("older").hidden = next === "";
  $("newest").hidden = before === "";
  const isFiltered = PLACE.slice(0, 4).some((name) => place[name]);
  say($("list-note"), listed.length > 0 ? ""
    : next ? "No job is like that, of those that were looked at; older ones may be: More goes on."
    : isFiltered ? "No job is like that."
    : "No job yet. Enqueue one here, or: fanfare jobs enqueue agent_queue hello");
  drawDeadTools();
}

function jobRow(id) {
  const known = rows.get(id);
  if (known) return known;
  const row = element("tr");
  const head = element("th");
  head.scope = "row";
  const box = element("input");
  box.type = "checkbox";
  box.addEventListener("change", () => {
    if (box.checked) chosen.add(id);
    else chosen.delete(id);
    drawDeadTools();
  });
  const open = element("button", "link");
  open.type = "button";
  head.append(box, open, element("span", "id", id));
  const queue = element("td", "of-queue");
  const state = element("td");
  const pill = element("span", "state");
  state.append(pill);
  const progress = element("td", "of-progress");
  const bar = element("progress");
  const said = element("span", "said");
  progress.append(bar, said);
  const attempt = element("td", "number");
  const age = element("td", "number");
  row.append(head, queue, state, progress, attempt, age);
  row.addEventListener("click", (click) => {
    if (click.target !== box) choose(id);
  });
  const made = { row, box, open, queue, pill, bar, said, attempt, age };
  rows.set(id, made);
  return made;
}

function drawJob(job) {
  const made = jobRow(job.id);
  const isChosen = place.job === job.id;
  if (isChosen) made.row.dataset.chosen = "";
  else delete made.row.dataset.chosen;
  made.open.setAttribute("aria-current", String(isChosen));
  made.box.hidden = !isDeadList();
  made.box.checked = chosen.has(job.id);
  made.box.setAttribute("aria-label", `Choose ${job.task} ${job.id}`);
  say(made.open, job.task);
  say(made.queue, job.queue);
  setState(made.pill, detail.tone(job.state), job.state);
  const isRunning = job.state === "running";
  detail.setBar(made.bar, isRunning && (job.progress ?? { current: 0 }), false);
  made.bar.setAttribute("aria-label", `Progress of ${job.task} ${job.id}`);
  const isFault = ["dead", "retrying"].includes(job.state) && Boolean(job.error);
  const text = isRunning ? runningText(job) : isFault ? job.error : laterText(job);
  say(made.said, String(text).slice(0, 300));
  made.said.title = String(text).slice(0, 2_000);
  made.said.classList.toggle("fault", isFault && job.state === "dead");
  say(made.attempt, whole.format(job.attempt ?? 0));
  const since = Date.parse(isRunning && job.started ? job.started : job.created);
  say(made.age, Number.isNaN(since) ? "" : spanText(Math.max(0, serverNow() - since) / 1_000));
  return made.row;
}

function runningText({ progress }) {
  if (!progress) return "";
  const message = progress.message ? ` · ${progress.message}` : "";
  return `${detail.progressText(progress)}${message}`;
}

function laterText({ state, next_at: time, workflow }) {
  if (state === "waiting" && workflow) return `step ${workflow.step} of workflow ${workflow.id}`;
  const seconds = (Date.parse(time) - serverNow()) / 1_000;
  return state === "scheduled" && seconds > 0 ? `in ${spanText(seconds)}` : "";
}

function choose(id) {
  go({ job: place.job === id ? "" : id, workflow: "" });
}

// MARK: Dead jobs, many at once

function drawDeadTools() {
  $("error-field").hidden = !isDeadList();
  $("dead").hidden = !isDeadList();
  if (!isDeadList()) return;
  const isFiltered = Boolean(place.task || place.error);
  const count = chosen.size;
  say($("dead-retry"), count > 0 ? `Retry ${whole.format(count)} chosen`
    : isFiltered ? "Retry all like these" : "Retry all");
  const isEmpty = listed.length === 0 && next === "";
  $("dead-retry").disabled = isEmpty;
  say($("dead-purge"), isFiltered ? "Purge all like these …" : "Purge all …");
  $("dead-purge").disabled = isEmpty;
  $("dead-stop").hidden = !queues.find(({ queue }) => queue === place.queue)?.retrying_dead;
}

/** Does something with the dead jobs of the queue, and says what came of it. */
async function withDead(path, options, text) {
  const controls = ["dead-retry", "dead-stop", "dead-purge"].map($);
  for (const control of controls) control.disabled = true;
  try {
    const answer = await ask(`queues/${encodeURIComponent(place.queue)}/dead${path}`, options);
    const { jobs, left, deleted } = answer.json();
    const count = jobs ?? left ?? deleted ?? 0;
    say($("dead-said"), text(count === 1 ? "1 job" : `${whole.format(count)} jobs`));
    $("dead-said").className = "muted";
    chosen.clear();
  } catch (fault) {
    say($("dead-said"), faultText(fault));
    $("dead-said").className = "error";
  }
  for (const control of controls) control.disabled = false;
  askSoon();
}

function retryDead() {
  const filter = {};
  if (chosen.size > 0) filter.ids = [...chosen];
  else for (const name of ["task", "error"]) if (place[name]) filter[name] = place[name];
  const body = {};
  const rate = $("rate").value.trim();
  if (rate) body.rate = rate;
  if (Object.keys(filter).length > 0) body.filter = filter;
  return withDead("/retry", { method: "POST", body: JSON.stringify(body) },
    (jobs) => `${jobs} to be retried${rate ? ` at ${rate}` : " at once"}`);
}

async function purgeDead() {
  const like = [place.task && `of the task ${place.task}`, place.error && `with “${place.error}” in the error`]
    .filter(Boolean).join(" ");
  const isSure = await confirm(
    "Purge dead jobs?",
    `All dead jobs of ${place.queue}${like ? ` ${like}` : ""} are deleted, with their events and logs. `
      + "Nothing brings them back.", "Purge");
  if (!isSure) return;
  const query = new URLSearchParams();
  for (const name of ["task", "error"]) if (place[name]) query.set(name, place[name]);
  await withDead(query.size > 0 ? `?${query}` : "", { method: "DELETE" }, (jobs) => `${jobs} purged`);
}

// MARK: Controls

/** Asks whether somebody is sure. */
function confirm(title, text, yes) {
  say($("confirm-title"), title);
  say($("confirm-text"), text);
  say($("confirm-yes"), yes);
  $("confirm").returnValue = "";
  $("confirm").showModal();
  return new Promise((answer) => {
    $("confirm").addEventListener("close", () => answer($("confirm").returnValue === "yes"),
      { once: true });
  });
}

function announce(text) {
  $("announcer").textContent = text;
}

function arrive() {
  const last = place;
  readAddress();
  for (const name of ["queue", "state", "task", "error"]) $(name).value = place[name];
  if (["queue", "state", "task", "error"].some((name) => place[name] !== last[name])) {
    before = "";
    chosen.clear();
    say($("dead-said"), "");
    $("jobs-scroll").scrollTop = 0;
  }
  fillQueueNames();
  detail.show(place);
  drawQueues();
  drawJobs();
  // On a screen that shows one thing at a time, it is the job.
  const isAlone = $("jobs-scroll").offsetParent === null;
  if ((place.job || place.workflow) && isAlone) $("detail").focus({ preventScroll: true });
  if (!place.job && last.job) rows.get(last.job)?.open.focus({ preventScroll: true });
  isAsking = false;
  askSoon();
}

function page(start) {
  before = start;
  $("jobs-scroll").scrollTop = 0;
  askJobs().catch((fault) => say($("filter-error"), faultText(fault)));
}

/** Opens what an id names: a job, else a workflow. */
async function find(id) {
  if (id === "") return;
  for (const kind of ["job", "workflow"]) {
    try {
      await ask(`${kind}s/${encodeURIComponent(id)}`);
      $("find-id").value = "";
      say($("filter-error"), "");
      return go({ job: "", workflow: "", [kind]: id });
    } catch (fault) {
      if (fault.status !== 404 && fault.status !== 400) return say($("filter-error"), faultText(fault));
    }
  }
  say($("filter-error"), `There is no job and no workflow ${id}; perhaps it was over for long.`);
}

$("filter").addEventListener("submit", (submit) => submit.preventDefault());
$("find-id").addEventListener("change", () => find($("find-id").value.trim()));
for (const name of ["queue", "state", "task", "error"]) {
  $(name).addEventListener("change", () => {
    const change = { [name]: $(name).value.trim() };
    if (name === "state" && change.state !== "dead") change.error = "";
    go(change);
  });
}
$("older").addEventListener("click", () => page(next));
$("newest").addEventListener("click", () => page(""));
$("dead").addEventListener("submit", (submit) => {
  submit.preventDefault();
  retryDead();
});
$("dead-stop").addEventListener("click", () =>
  withDead("/retry", { method: "DELETE" }, (jobs) => `stopped; ${jobs} left dead`));
$("dead-purge").addEventListener("click", purgeDead);
$("detail-close").addEventListener("click", () => go({ job: "", workflow: "" }));
$("skip").addEventListener("click", (click) => {
  // The address holds the place.
  click.preventDefault();
  $("jobs-scroll").focus();
});
addEventListener("keydown", (key) => {
  const isInForm = /^(?:INPUT|TEXTAREA|SELECT)$/.test(document.activeElement?.tagName ?? "");
  if (key.key !== "Escape" || $("confirm").open || isInForm) return;
  go({ job: "", workflow: "" });
});
addEventListener("hashchange", arrive);
document.addEventListener("visibilitychange", askSoon);

detail.attach({ address, go, changed: askSoon, confirm, announce });
form.attach({ address, enqueued: askSoon });
arrive();
