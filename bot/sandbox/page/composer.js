// The composer: what a person types becomes a message or a slash command.

import { Completion } from "./completion.js";
import { el, fill } from "./dom.js";
import { icon } from "./icons.js";
import { openMenu } from "./menu.js";
import { shortcutItem } from "./message.js";
import { sayRefused } from "./refusal.js";

const TALLEST = 240; // px the field grows to

/** A text field with completion that sends to one channel or thread. */
export class Composer {
  #desk;
  #channel;
  #thread;
  #completion;

  /**
   * @param {import("./surface.js").Desk} desk
   * @param {{channel: string, thread?: string, label: string}} place
   */
  constructor(desk, { channel, thread, label }) {
    this.#desk = desk;
    this.#channel = channel;
    this.#thread = thread;
    this.field = el("textarea", {
      class: "composer-field", rows: 1, placeholder: label, "aria-label": label, spellcheck: "true",
      oninput: () => this.#typed(),
      onkeydown: (event) => this.#key(event),
      onblur: () => this.#completion.close(),
    });
    this.#completion = new Completion(this.field, desk.store, !thread);
    this.usage = el("p", { class: "composer-usage", hidden: true });
    const shortcuts = desk.store.shortcuts.filter((shortcut) => shortcut.type === "global");
    const bolt = !thread && shortcuts.length > 0 && el("button", {
      type: "button", class: "icon-button", "aria-label": "Shortcuts", title: "Shortcuts", "aria-haspopup": "menu", "aria-expanded": "false",
      onclick: (event) => openMenu(event.currentTarget, shortcuts.map((shortcut) => shortcutItem(desk, shortcut)), { label: "Shortcuts" }),
    }, icon("bolt"));
    this.button = el("button", { type: "button", class: "send", "aria-label": "Send", title: "Send", disabled: true, onclick: () => this.#send() }, icon("send"));
    this.root = el("div", { class: "composer" }, this.#completion.root, this.usage,
      el("div", { class: "composer-box" }, bolt, this.field, this.button),
      el("p", { class: "composer-keys", "aria-hidden": "true" }, el("kbd", {}, "Enter"), " to send · ", el("kbd", {}, "Shift"), " + ", el("kbd", {}, "Enter"), " for a new line"));
  }

  focus() {
    this.field.focus();
  }

  #typed() {
    const text = this.field.value;
    this.field.style.height = "auto";
    this.field.style.height = `${Math.min(this.field.scrollHeight, TALLEST)}px`;
    this.button.disabled = text.trim() === "";
    this.root.classList.toggle("typing", text !== "");
    this.#completion.update();
    const command = this.#thread ? undefined : this.#commandOf(text);
    this.usage.hidden = !command?.usage_hint || this.#completion.isOpen;
    if (!this.usage.hidden) fill(this.usage, el("code", {}, command.command), " ", command.usage_hint);
  }

  #commandOf(text) {
    const [word] = /^\/\S+/.exec(text) ?? [];
    const { commands } = this.#desk.store;
    // An app without a manifest has no list of commands; then every one is worth a try.
    return word && (commands.length > 0 ? commands.find((command) => command.command === word) : { command: word });
  }

  #key(event) {
    if (event.isComposing) return; // Enter ends a word in an input method
    if (this.#completion.takes(event)) event.preventDefault();
    else if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      this.#send();
    }
  }

  async #send() {
    const text = this.field.value.trim();
    if (text === "") return;
    const command = this.#commandOf(text);
    if (text.startsWith("/") && !command) return this.#desk.toasts.show("warning", `${text.split(/\s/)[0]} is not a command of this workspace.`);
    if (command && this.#thread) return this.#desk.toasts.show("warning", `${command.command} can't be used in a thread.`);
    this.#set("");
    try {
      if (command) await this.#desk.api.post("command", { channel: this.#channel, command: command.command, text: text.slice(command.command.length).trim() });
      else await this.#desk.api.post("say", { channel: this.#channel, thread_ts: this.#thread, text: encode(text, this.#desk.store) });
    } catch (error) {
      if (this.field.value === "") this.#set(text);
      sayRefused(this.#desk, command ? `${command.command} failed` : "Your message was not sent", error);
    }
    return undefined;
  }

  #set(text) {
    this.field.value = text;
    this.#typed();
    this.#completion.close();
  }
}

const ESCAPES = { "&": "&amp;", "<": "&lt;", ">": "&gt;" };

/**
 * Text as Slack's own client sends it: escaped, with known @people, #channels and broadcasts as references.
 * docs.slack.dev/messaging/formatting-message-text#escaping
 */
export function encode(text, store) {
  const people = new Map(store.users.map((user) => [user.name.toLowerCase(), user.id]));
  const channels = new Map(store.channels.filter((channel) => channel.kind !== "im").map((channel) => [channel.name, channel.id]));
  return text
    .replace(/[&<>]/g, (sign) => ESCAPES[sign])
    .replace(/(^|[\s(])([@#])([\p{L}\p{N}_-]+(?:\.[\p{L}\p{N}_-]+)*)/gu, (whole, before, sign, word) => {
      if (sign === "@" && ["here", "channel", "everyone"].includes(word)) return `${before}<!${word}>`;
      const id = sign === "@" ? people.get(word.toLowerCase()) : channels.get(word);
      if (!id) return whole;
      return sign === "@" ? `${before}<@${id}>` : `${before}<#${id}|${word}>`;
    });
}
