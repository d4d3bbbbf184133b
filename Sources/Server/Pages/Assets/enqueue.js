// The form that asks for a job.

import { $, ask, element, faultText, say } from "./parts.js";

const FIELDS = ["queue", "task", "channel", "args"];

/** What the page around it does: `address` of a place, `enqueued` when there is a new job. */
let page;

export function attach(around) {
  page = around;
  $("enqueue").addEventListener("submit", (submit) => {
    submit.preventDefault();
    enqueue();
  });
}

/** Offers these queues; the one that is looked at comes first to mind. */
export function offer(names, looked) {
  const select = $("enqueue-queue");
  const shown = [...select.options].map(({ value }) => value);
  if (shown.join() !== names.join()) {
    const before = select.value;
    select.replaceChildren(...names.map((name) => element("option", "", name)));
    if (names.includes(before)) select.value = before;
  }
  if (looked === select.dataset.looked) return;
  // Only when it changes: a choice of one's own stays.
  if (looked === "" || names.includes(looked)) select.dataset.looked = looked;
  if (names.includes(looked)) select.value = looked;
}

/** The field that a refusal is about; none where it is about all. */
function fieldOf({ type = "", detail = "" }) {
  if (/queue/.test(type)) return "queue";
  if (/channel/.test(type)) return "channel";
  if (/too-large|bad-json/.test(type)) return "args";
  return FIELDS.find((field) => new RegExp(`\\b${field}\\b`, "i").test(detail)) ?? "";
}

function showFault(field, text) {
  if (field === "") return say($("enqueue-error"), text);
  say($(`enqueue-${field}-error`), text);
  const input = $(`enqueue-${field}`);
  input.setAttribute("aria-invalid", "true");
  input.focus();
}

function forgetFaults() {
  for (const field of FIELDS) {
    say($(`enqueue-${field}-error`), "");
    $(`enqueue-${field}`).removeAttribute("aria-invalid");
  }
  say($("enqueue-error"), "");
  say($("enqueued"), "");
}

async function enqueue() {
  forgetFaults();
  const [queue, task, channel, args] = FIELDS.map((field) => $(`enqueue-${field}`).value.trim());
  if (task === "") return showFault("task", "Give the job a task.");
  try {
    if (args !== "") JSON.parse(args);
  } catch (fault) {
    return showFault("args", `Not JSON: ${fault.message}`);
  }
  const members = [`"task":${JSON.stringify(task)}`];
  if (channel !== "") members.push(`"channel":${JSON.stringify(channel)}`);
  // The arguments go out as they were written: they are carried byte for byte.
  if (args !== "") members.push(`"args":${args}`);
  const button = $("enqueue-do");
  button.disabled = true;
  try {
    const answer = await ask(`queues/${encodeURIComponent(queue)}/jobs`,
      { method: "POST", body: `{${members.join()}}` });
    const { id } = answer.json();
    const link = element("a", "", id);
    link.href = page.address({ job: id });
    $("enqueued").replaceChildren("Enqueued as ", link);
    page.enqueued();
  } catch (fault) {
    showFault(fault.status ? fieldOf(fault) : "", faultText(fault));
  }
  button.disabled = false;
}
