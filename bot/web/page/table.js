// The table: newest on top, bounded, drawn once a frame however much arrives. Text goes in as text, never as markup.

const MOST_ROWS = 300;
const COLUMNS = 8;

export class Table {
  #rows = document.querySelector("#rows");
  #empty = document.querySelector("#empty");
  #onSelect;
  #waiting = [];
  #selected = null;
  #drawing = false;
  shown = 0;

  constructor(onSelect) {
    this.#onSelect = onSelect;
  }

  /** Add a message of the stream: an event, a gap or a skipped event. */
  add(message) {
    this.#waiting.push(message);
    if (this.#waiting.length > MOST_ROWS) this.#waiting.shift();
    if (this.#drawing) return;
    this.#drawing = true;
    requestAnimationFrame(() => this.#draw());
  }

  clear() {
    this.#waiting = [];
    this.#rows.replaceChildren();
    this.select(null);
    this.#tally();
  }

  select(row) {
    this.#selected?.removeAttribute("aria-selected");
    this.#selected = row;
    row?.setAttribute("aria-selected", "true");
  }

  #draw() {
    this.#drawing = false;
    const rows = this.#waiting.map((message) => this.#row(message));
    this.#waiting = [];
    this.#rows.prepend(...rows.reverse());
    while (this.#rows.childElementCount > MOST_ROWS) this.#rows.lastElementChild.remove();
    this.#tally();
  }

  #tally() {
    this.shown = this.#rows.querySelectorAll("tr:not(.notice)").length;
    this.#empty.hidden = this.#rows.childElementCount > 0;
    this.#rows.dispatchEvent(new Event("tally"));
  }

  #row(message) {
    if (message.gap) return notice(`Some events may be missing here: ${message.gap.reason}.`);
    if (message.skipped) {
      const { id, source, bytes } = message.skipped;
      return notice(`Event ${id} of ${source} is too large for this page (${bytes.toLocaleString()} bytes).`);
    }
    const { event } = message;
    const data = event.data ?? {};
    const row = document.createElement("tr");
    const open = element("button", data.inference_id ?? event.subject ?? event.id);
    open.type = "button";
    const status = element("span", words(data.status ?? "?"), "status");
    status.dataset.status = data.status ?? "";
    row.append(
      cell(time(event.time), "time"),
      cell(status),
      cell(model(data.model), "model"),
      cell(open),
      cell(data.title ?? data.error?.message ?? "", "wide"),
      cell(number(data.latency, (n) => `${n.toFixed(2)} s`), "number"),
      cell(number(data.confidence, (n) => n.toFixed(2)), "number"),
      cell(number(data.usage?.cost, (n) => `$${n.toFixed(4)}`), "number"),
    );
    row.addEventListener("click", () => {
      this.select(row);
      this.#onSelect(event);
    });
    return row;
  }
}

function notice(text) {
  const row = document.createElement("tr");
  row.className = "notice";
  const only = cell(text);
  only.colSpan = COLUMNS;
  row.append(only);
  return row;
}

function element(name, text, className = "") {
  const made = document.createElement(name);
  made.textContent = text;
  if (className) made.className = className;
  return made;
}

function cell(content, className = "") {
  const made = document.createElement("td");
  made.append(content);
  if (className) made.className = className;
  if (typeof content === "string" && className === "wide") made.title = content;
  return made;
}

function model(value) {
  const both = document.createDocumentFragment();
  both.append((typeof value === "object" ? value?.name : value) ?? "");
  if (value?.version) both.append(element("span", value.version));
  return both;
}

const words = (status) => String(status).replaceAll("_", " ");
const number = (value, show) => (typeof value === "number" ? show(value) : "");

function time(text) {
  const at = new Date(text);
  if (Number.isNaN(at.getTime())) return "";
  return at.toLocaleTimeString([], { timeStyle: "medium", hourCycle: "h23" });
}
