// The thread pane: a message, its replies, and a composer of their own.

import { Composer } from "./composer.js";
import { el } from "./dom.js";
import { icon } from "./icons.js";
import { drawMessage } from "./message.js";
import { nameOf } from "./conversation.js";
import { sayRefused } from "./refusal.js";
import { Timeline } from "./timeline.js";

/** One thread at the right of the window. */
export class Thread {
  #desk;
  #channel;
  #ts;
  #timeline;
  #composer;
  #ends;

  /**
   * @param {import("./surface.js").Desk} desk
   * @param {{channel: string, ts: string}} place
   * @param {() => void} onClose
   */
  constructor(desk, { channel, ts }, onClose) {
    const { store } = desk;
    const room = store.channel(channel);
    this.#desk = desk;
    this.#channel = channel;
    this.#ts = ts;
    this.#timeline = new Timeline(desk, {
      label: "Thread",
      inThread: true,
      feed: () => this.#replies(),
      loadOlder: () => store.loadOlder(channel, ts),
      head: (feed) => this.#head(feed),
      onSeen: () => store.readThread(channel, ts),
    });
    this.#composer = new Composer(desk, { channel, thread: ts, label: "Reply…" });
    this.root = el("div", { class: "thread-pane", onkeydown: (event) => event.key === "Escape" && !event.defaultPrevented && onClose() },
      el("header", { class: "thread-head" }, el("div", { class: "head-words" }, el("h2", {}, "Thread"), el("p", { class: "topic" }, nameOf(desk, room))),
        el("button", { type: "button", class: "icon-button", "aria-label": "Close thread", onclick: onClose }, icon("close"))),
      this.#timeline.root,
      el("div", { class: "conversation-foot" }, this.#composer.root));
    this.#ends = [store.on(`feed:${channel}/${ts}`, () => this.#timeline.changed()), store.on(`feed:${channel}`, () => this.#timeline.changed())];
  }

  async start() {
    this.#timeline.start(null);
    this.#composer.focus();
    await this.refresh();
  }

  async refresh() {
    try {
      await this.#desk.store.load(this.#channel, this.#ts);
    } catch (error) {
      sayRefused(this.#desk, "The thread could not be loaded", error);
    }
  }

  end() {
    for (const stop of this.#ends) stop();
    this.#timeline.end();
  }

  get #parent() {
    return this.#desk.store.feed(this.#channel).find(this.#ts) ?? this.#desk.store.feed(this.#channel, this.#ts).find(this.#ts);
  }

  /** The feed without the parent, which stands at its head. */
  #replies() {
    const feed = this.#desk.store.feed(this.#channel, this.#ts);
    if (feed.messages[0]?.ts !== this.#ts) return feed;
    return Object.assign(Object.create(feed), { messages: feed.messages.slice(1) });
  }

  #head(feed) {
    const parent = this.#parent;
    const count = feed.messages.filter((message) => !message.ephemeral).length;
    return [
      parent && { key: "parent", token: parent, draw: () => drawMessage(this.#desk, parent, { grouped: false, inThread: true }) },
      count > 0 && { key: "count", token: count, draw: () => el("div", { class: "day day-left", role: "separator" }, el("span", {}, `${count} ${count === 1 ? "reply" : "replies"}`)) },
    ].filter(Boolean);
  }
}
