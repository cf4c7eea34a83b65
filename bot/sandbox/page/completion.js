// Completion while typing: slash commands at the start, @people and #channels anywhere.
// WAI-ARIA combobox pattern: the focus stays in the text, arrows move the mark.

import { avatar } from "./avatar.js";
import { el, fill, freshId } from "./dom.js";
import { icon } from "./icons.js";

const MOST = 8; // suggestions at once

/** Suggestions over a text field. */
export class Completion {
  #field;
  #store;
  #withCommands;
  #found = [];
  #rows = [];
  #mark = 0;

  /**
   * @param {HTMLTextAreaElement} field
   * @param {import("./store.js").Store} store
   * @param {boolean} withCommands false in threads, where Slack takes no commands
   */
  constructor(field, store, withCommands) {
    this.#field = field;
    this.#store = store;
    this.#withCommands = withCommands;
    this.root = el("div", { class: "completion", role: "listbox", id: freshId("completion"), "aria-label": "Suggestions", hidden: true });
    field.setAttribute("aria-autocomplete", "list");
    field.setAttribute("aria-controls", this.root.id);
  }

  get isOpen() {
    return !this.root.hidden;
  }

  /** Looks at what stands before the caret. */
  update() {
    const typed = this.#field.value.slice(0, this.#field.selectionStart);
    this.#found = this.#search(typed).slice(0, MOST);
    this.#mark = 0;
    this.#draw();
  }

  close() {
    this.#found = [];
    this.#draw();
  }

  /** Takes a key if it is for the suggestions; returns whether it was. */
  takes(event) {
    if (!this.isOpen) return false;
    const count = this.#found.length;
    const current = this.#found[this.#mark];
    switch (event.key) {
      case "ArrowDown":
        this.#setMark((this.#mark + 1) % count);
        return true;
      case "ArrowUp":
        this.#setMark((this.#mark + count - 1) % count);
        return true;
      case "Enter":
        if (event.shiftKey || current.whole) return false; // a whole command is sent
        this.#insert(current);
        return true;
      case "Tab":
        this.#insert(current);
        return true;
      case "Escape":
        this.close();
        return true;
      default:
        return false;
    }
  }

  #search(typed) {
    const command = /^\/(\S*)$/.exec(typed);
    if (command) return this.#withCommands ? this.#commands(typed) : [];
    const [, sign, word] = /(?:^|[\s(])([@#])([\p{L}\p{N}._-]{0,40})$/u.exec(typed) ?? [];
    if (sign === "@") return this.#people(word.toLowerCase());
    return sign === "#" ? this.#channels(word.toLowerCase()) : [];
  }

  #commands(typed) {
    const starts = (command) => command.command.toLowerCase().startsWith(typed.toLowerCase());
    return this.#store.commands.filter(starts).map((command) => ({
      from: 0,
      text: `${command.command} `,
      whole: command.command === typed,
      lead: () => el("span", { class: "completion-lead" }, icon("bolt")),
      label: [el("strong", {}, command.command), command.usage_hint && el("span", { class: "completion-usage" }, command.usage_hint)],
      hint: command.description,
    }));
  }

  #people(word) {
    const at = this.#field.selectionStart - word.length - 1;
    const hit = (user) => [user.name, ...(user.real_name ?? "").split(/\s+/)].some((name) => name.toLowerCase().startsWith(word));
    return this.#store.users.filter(hit).map((user) => ({
      from: at, text: `@${user.name} `, whole: false, lead: () => avatar(user, "small"), label: el("strong", {}, user.real_name || user.name), hint: `@${user.name}`,
    }));
  }

  #channels(word) {
    const at = this.#field.selectionStart - word.length - 1;
    const hit = (channel) => channel.kind !== "im" && channel.name.toLowerCase().includes(word);
    return this.#store.channels.filter(hit).map((channel) => ({
      from: at, text: `#${channel.name} `, whole: false, lead: () => el("span", { class: "completion-lead" }, icon(channel.kind === "private" ? "lock" : "hash")),
      label: el("strong", {}, channel.name), hint: channel.topic,
    }));
  }

  #insert(suggestion) {
    const caret = this.#field.selectionStart;
    this.#field.setRangeText(suggestion.text, suggestion.from, caret, "end");
    this.close();
    this.#field.dispatchEvent(new Event("input", { bubbles: true }));
  }

  #draw() {
    this.root.hidden = this.#found.length === 0;
    this.#rows = this.#found.map((suggestion, index) =>
      el("div", {
        class: "completion-row", role: "option", id: freshId("suggestion"),
        onmousemove: () => this.#setMark(index),
        onmousedown: (event) => {
          event.preventDefault(); // the text keeps the focus
          this.#insert(suggestion);
        },
      }, suggestion.lead(), el("div", { class: "completion-words" }, el("div", { class: "completion-label" }, suggestion.label), suggestion.hint && el("div", { class: "completion-hint" }, suggestion.hint))));
    fill(this.root, this.#rows, this.#rows.length > 0 && el("div", { class: "completion-keys", "aria-hidden": "true" },
      el("span", {}, el("kbd", {}, "↑"), el("kbd", {}, "↓"), " to choose"), el("span", {}, el("kbd", {}, "Tab"), " to complete"), el("span", {}, el("kbd", {}, "Esc"), " to close")));
    this.#setMark(this.#mark);
  }

  #setMark(index) {
    this.#mark = index;
    this.#rows.forEach((row, at) => row.setAttribute("aria-selected", String(at === index)));
    const row = this.#rows[index];
    if (row) this.#field.setAttribute("aria-activedescendant", row.id);
    else this.#field.removeAttribute("aria-activedescendant");
    row?.scrollIntoView({ block: "nearest" });
  }
}
