// The page: what a person can do, and what they are told.

import { Refused, Stream } from "./stream.js";
import { Table } from "./table.js";

const MOST_HELD = 1_000;
const $ = (selector) => document.querySelector(selector);

let token = "";
let paused = false;
let state = "idle";
let held = [];
let lost = 0;

const table = new Table(showDetail);
const stream = new Stream({ message: arrived, state: stateIs, refused });

$("#rows").addEventListener("tally", tell);
$("#toolbar").addEventListener("submit", (submit) => {
  submit.preventDefault();
  applyFilter();
});
$("#filter").addEventListener("search", () => $("#filter").value || applyFilter());
$("#pause").addEventListener("click", togglePause);
$("#clear").addEventListener("click", () => table.clear());
$("#close").addEventListener("click", hideDetail);
$("#ask-form").addEventListener("submit", (submit) => {
  submit.preventDefault();
  open($("#token").value.trim());
});
$("#ask").addEventListener("cancel", (cancel) => cancel.preventDefault());
document.addEventListener("keydown", (key) => {
  if (key.key === "Escape" && !$("#ask").open) hideDetail();
});

$("#filter").value = new URLSearchParams(location.search).get("filter") ?? "";
$("#ask").showModal();
tell();

function arrived(message) {
  if (!message.event && !message.gap && !message.skipped) return;
  if (!paused) {
    table.add(message);
    return;
  }
  held.push(message);
  if (held.length > MOST_HELD) {
    held.shift();
    lost += 1;
  }
  tell();
}

function togglePause() {
  paused = !paused;
  $("#pause").setAttribute("aria-pressed", paused);
  $("#pause").textContent = paused ? "Resume" : "Pause";
  if (!paused) {
    if (lost) table.add({ gap: { reason: `${lost.toLocaleString()} came while the page was paused and were not kept` } });
    held.forEach((message) => table.add(message));
    held = [];
    lost = 0;
  }
  tell();
}

function stateIs(name) {
  state = name;
  tell();
}

function tell() {
  const shown = paused && state === "live" ? "paused" : state;
  const texts = { idle: "Waiting for the token", live: "Live", paused: "Paused", lost: "Connection lost, trying again" };
  if ($("#state").textContent !== texts[shown]) $("#state").textContent = texts[shown];
  $("#state").dataset.state = shown;
  const counts = [`${table.shown.toLocaleString()} shown`];
  if (paused) counts.push(`${(held.length + lost).toLocaleString()} held`);
  $("#count").textContent = counts.join(" · ");
}

// The first time: with the token just typed. A wrong filter does not keep the dialog open; it is said in the toolbar.
async function open(typed) {
  $("#ask-problem").hidden = true;
  try {
    await stream.open(typed, $("#filter").value);
    entered(typed);
  } catch (error) {
    if (error instanceof Refused && error.problem.caret !== undefined) {
      entered(typed);
      sayProblem(error.problem);
      return;
    }
    $("#ask-problem").textContent = error instanceof Refused ? error.problem.title : "The server can't be reached.";
    $("#ask-problem").hidden = false;
    $("#token").select();
  }
}

function entered(typed) {
  token = typed;
  $("#token").value = "";
  $("#ask").close();
  $("#filter").focus();
}

async function applyFilter() {
  try {
    await stream.open(token, $("#filter").value);
    sayProblem(null);
    table.clear();
    hideDetail();
    const address = new URL(location.href);
    if ($("#filter").value) address.searchParams.set("filter", $("#filter").value);
    else address.searchParams.delete("filter");
    history.replaceState(null, "", address);
  } catch (error) {
    if (error instanceof Refused) refused(error.problem);
    else sayProblem({ title: "The server can't be reached; the filter was not changed." });
  }
}

function refused(problem) {
  if (problem.status === 401 || problem.status === 403) {
    token = "";
    state = "idle";
    $("#ask-problem").textContent = problem.title;
    $("#ask-problem").hidden = false;
    if (!$("#ask").open) $("#ask").showModal();
    tell();
  } else {
    sayProblem(problem);
  }
}

function sayProblem(problem) {
  $("#problem").hidden = !problem;
  $("#filter").setAttribute("aria-invalid", Boolean(problem?.caret));
  if (problem) $("#problem").textContent = problem.caret ? `${problem.caret}\n${problem.title}` : problem.title;
}

function showDetail(event) {
  $("#detail-title").textContent = event.data?.title ?? event.id;
  $("#detail-body").textContent = JSON.stringify(event, null, 2);
  $("#detail-body").scrollTop = 0;
  $("#detail").hidden = false;
}

function hideDetail() {
  $("#detail").hidden = true;
  table.select(null);
}
