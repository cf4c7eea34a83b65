// A picker: choose one or several out of a list that can be searched, and that may come from the app.
// WAI-ARIA combobox pattern (w3.org/WAI/ARIA/apg/patterns/combobox): the focus stays in the search field, arrows move the mark.

import { el, fill, freshId } from "./dom.js";
import { icon } from "./icons.js";
import { openPopup } from "./popup.js";

const SEARCH_FROM = 8; // options; shorter lists show no search field, though typing still filters
const PATIENCE = 250; // ms of silence before the app is asked

/**
 * @typedef {object} Choice
 * @property {string} key what makes it equal to another
 * @property {string} label
 * @property {string} [hint]
 * @property {() => Node} [lead] draws a picture before the label
 * @property {unknown} value handed back as it is
 *
 * @typedef {object} Group
 * @property {string|null} label
 * @property {Choice[]} choices
 */

/** The control, closed: a button with what has been chosen. */
export class Picker {
  #options;
  #chosen;
  #list = null;

  /**
   * @param {object} options
   * @param {string} options.label for reading aloud
   * @param {Node|string} options.placeholder
   * @param {boolean} options.multiple
   * @param {number} [options.most] with `multiple`: how many may be chosen
   * @param {Choice[]} options.chosen
   * @param {boolean} options.remote whether each search asks anew
   * @param {number} [options.least] characters before a remote search
   * @param {(search: string) => Group[]|Promise<Group[]>} options.load
   * @param {(chosen: Choice[]) => void} options.onChange
   */
  constructor(options) {
    this.#options = options;
    this.#chosen = options.chosen;
    this.button = el("button", {
      type: "button", class: "picker-button", "aria-haspopup": "listbox", "aria-expanded": "false",
      onclick: () => this.#open(),
      onkeydown: (event) => {
        if (!["ArrowDown", "ArrowUp"].includes(event.key)) return;
        event.preventDefault();
        this.#open();
      },
    });
    this.root = el("div", { class: `picker${options.multiple ? " picker-multiple" : ""}` });
    this.#show();
  }

  #show() {
    const { multiple, placeholder, label } = this.#options;
    const one = this.#chosen[0];
    const words = !multiple && one ? el("span", { class: "picker-value" }, one.lead?.(), one.label) : el("span", { class: "picker-placeholder" }, placeholder);
    this.button.setAttribute("aria-label", [label, ...this.#chosen.map((choice) => choice.label)].filter(Boolean).join(": "));
    fill(this.button, words, icon("chevron_down"));
    const chips = multiple
      ? this.#chosen.map((choice) =>
          el("span", { class: "chip" }, choice.lead?.(), choice.label,
            el("button", { type: "button", class: "chip-remove", "aria-label": `Remove ${choice.label}`, onclick: () => this.#toggle(choice) }, icon("close"))))
      : [];
    fill(this.root, chips, this.button);
  }

  #open() {
    if (this.#list) return;
    const list = new List({
      ...this.#options,
      isChosen: (choice) => this.#chosen.some((other) => other.key === choice.key),
      pick: (choice) => {
        this.#toggle(choice);
        if (this.#options.multiple) this.#list?.redraw();
        else popup.close();
      },
      changed: () => popup.place(),
    });
    this.#list = list;
    this.button.setAttribute("aria-expanded", "true");
    const popup = openPopup(this.button, list.root, {
      wide: true,
      className: "picker-popup",
      onClose: () => {
        this.#list = null;
        this.button.setAttribute("aria-expanded", "false");
        if (document.activeElement === document.body || document.activeElement === null || document.activeElement.tagName === "DIALOG") this.button.focus();
      },
    });
    list.start();
  }

  #toggle(choice) {
    const { multiple, most, onChange } = this.#options;
    const without = this.#chosen.filter((other) => other.key !== choice.key);
    if (!multiple) this.#chosen = [choice];
    else if (without.length < this.#chosen.length) this.#chosen = without;
    else if (!most || this.#chosen.length < most) this.#chosen = [...this.#chosen, choice];
    this.#show();
    onChange(this.#chosen);
  }
}

/** The open list. */
class List {
  #options;
  #rows = [];
  #choices = [];
  #groups = [];
  #mark = -1;
  #turn = 0;
  #timer = null;

  constructor(options) {
    const id = freshId("listbox");
    this.#options = options;
    this.box = el("div", { class: "listbox", role: "listbox", id, "aria-label": options.label, "aria-multiselectable": options.multiple ? "true" : null });
    this.field = el("input", {
      type: "text", class: "picker-search", role: "combobox", autocomplete: "off", "aria-expanded": "true", "aria-controls": id,
      "aria-autocomplete": "list", "aria-label": `Search ${options.label}`, placeholder: "Search…", autofocus: true,
      oninput: () => this.#later(),
      onkeydown: (event) => this.#key(event),
    });
    this.root = el("div", { class: "picker-list" }, this.field, this.box);
  }

  start() {
    this.field.focus();
    this.#load();
  }

  #later() {
    clearTimeout(this.#timer);
    if (this.#options.remote) this.#timer = setTimeout(() => this.#load(), PATIENCE);
    else this.#load();
  }

  async #load() {
    const search = this.field.value.trim();
    this.#turn += 1;
    const turn = this.#turn;
    if (this.#options.remote && search.length < (this.#options.least ?? 0)) return this.#say("Type to search");
    try {
      const loaded = this.#options.load(search);
      if (loaded instanceof Promise) this.#say("Searching…");
      const groups = await loaded;
      if (turn !== this.#turn) return undefined; // an answer to an older question
      this.#groups = this.#options.remote ? groups : groups.map((group) => ({ ...group, choices: group.choices.filter((choice) => matches(choice, search)) }));
      this.#choices = this.#groups.flatMap((group) => group.choices);
      if (search === "") this.field.classList.toggle("tucked", !this.#options.remote && this.#choices.length < SEARCH_FROM);
      this.redraw();
    } catch {
      this.#say("The app did not answer");
    }
    return undefined;
  }

  #say(text) {
    this.#choices = [];
    this.#rows = [];
    fill(this.box, el("p", { class: "listbox-note", role: "status" }, text));
    this.#options.changed();
  }

  redraw() {
    if (this.#choices.length === 0) return this.#say("Nothing found");
    this.#rows = this.#choices.map((choice, index) =>
      el("div", {
        class: "listbox-option", role: "option", id: freshId("option"), "aria-selected": String(this.#options.isChosen(choice)),
        onmousemove: () => this.#setMark(index),
        onclick: () => this.#options.pick(choice),
      }, choice.lead?.(), el("span", { class: "listbox-words" }, choice.label, choice.hint && el("span", { class: "listbox-hint" }, choice.hint)), icon("check")),
    );
    let next = 0;
    const parts = this.#groups.filter((group) => group.choices.length > 0).map((group) => {
      const rows = this.#rows.slice(next, next + group.choices.length);
      next += group.choices.length;
      return group.label ? el("div", { role: "group", "aria-label": group.label }, el("div", { class: "listbox-group", "aria-hidden": "true" }, group.label), rows) : rows;
    });
    fill(this.box, parts);
    const chosen = this.#choices.findIndex((choice) => this.#options.isChosen(choice));
    this.#setMark(Math.min(Math.max(this.#mark, chosen, 0), this.#rows.length - 1), true);
    this.#options.changed();
    return undefined;
  }

  #setMark(index, reveal = false) {
    this.#rows[this.#mark]?.classList.remove("marked");
    this.#mark = index;
    const row = this.#rows[index];
    row?.classList.add("marked");
    if (row) this.field.setAttribute("aria-activedescendant", row.id);
    if (reveal) row?.scrollIntoView({ block: "nearest" });
  }

  #key(event) {
    const last = this.#rows.length - 1;
    const to = { ArrowDown: this.#mark >= last ? 0 : this.#mark + 1, ArrowUp: this.#mark <= 0 ? last : this.#mark - 1 }[event.key];
    if (to !== undefined) {
      event.preventDefault();
      this.#setMark(to, true);
    } else if (event.key === "Enter") {
      event.preventDefault(); // and does not submit the modal around it
      if (this.#choices[this.#mark]) this.#options.pick(this.#choices[this.#mark]);
    }
  }
}

function matches(choice, search) {
  return `${choice.label} ${choice.hint ?? ""}`.toLowerCase().includes(search.toLowerCase());
}
