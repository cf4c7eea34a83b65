// A conversation: the head with its name, the timeline, and the composer or what stands in for it.

import { avatar } from "./avatar.js";
import { Composer } from "./composer.js";
import { el, fill, oncePerFrame } from "./dom.js";
import { icon } from "./icons.js";
import { join, openInvite } from "./rooms.js";
import { sayRefused } from "./refusal.js";
import { Timeline } from "./timeline.js";

/** One channel or direct conversation in the middle of the window. */
export class Conversation {
  #desk;
  #id;
  #timeline;
  #composer = null;
  #ends = [];
  #footOf = null;

  /**
   * @param {import("./surface.js").Desk} desk
   * @param {string} id the channel
   */
  constructor(desk, id) {
    const { store } = desk;
    this.#desk = desk;
    this.#id = id;
    this.#timeline = new Timeline(desk, {
      label: `Messages in ${nameOf(desk, this.channel)}`,
      inThread: false,
      feed: () => store.feed(id),
      loadOlder: () => store.loadOlder(id),
      head: () => [{ key: "intro", token: this.channel?.topic, draw: () => drawIntro(desk, this.channel) }],
      onSeen: () => store.read(id),
    });
    this.head = el("div", { class: "conversation-head" });
    this.foot = el("div", { class: "conversation-foot" });
    this.root = el("div", { class: "conversation" }, this.#timeline.root, this.foot);
    const draw = oncePerFrame(() => this.#draw());
    this.#ends = [store.on(`feed:${id}`, () => this.#timeline.changed()), store.on("channels", draw), store.on("meter", draw)];
    this.#draw();
  }

  get channel() {
    return this.#desk.store.channel(this.#id);
  }

  /** Shows the newest messages, loading them if need be. */
  async start() {
    const { store } = this.#desk;
    this.#timeline.start(store.unread.has(this.#id) ? store.readUpTo(this.#id) : null);
    this.#composer?.focus();
    if (!store.feed(this.#id).loaded) await this.refresh();
  }

  /** Loads the newest messages again. */
  async refresh() {
    try {
      await this.#desk.store.load(this.#id);
    } catch (error) {
      sayRefused(this.#desk, "The messages could not be loaded", error);
    }
  }

  end() {
    for (const stop of this.#ends) stop();
    this.#timeline.end();
  }

  #draw() {
    this.#drawHead();
    this.#drawFoot();
  }

  #drawHead() {
    const { channel } = this;
    if (!channel) return;
    const meter = this.#desk.store.meters.get(channel.id);
    const people = channel.kind === "im" ? this.#desk.store.user(channel.user) : null;
    fill(this.head,
      people ? avatar(people, "small") : el("span", { class: "channel-mark" }, icon(channel.kind === "private" ? "lock" : "hash")),
      el("div", { class: "head-words" }, el("h2", {}, people ? people.real_name || people.name : channel.name), channel.topic && el("p", { class: "topic" }, channel.topic)),
      meter && meter.per_minute > 0 && el("span", { class: `meter${meter.limited ? " meter-limited" : ""}`, title: meter.limited ? "Slack's limit holds messages back" : "Messages in the last minute" },
        el("i", {}), meter.limited ? `${meter.per_minute}/min · limited` : `${meter.per_minute}/min`),
      channel.kind !== "im" && channel.is_member && !channel.is_archived && el("button", { type: "button", class: "button button-quiet", onclick: () => openInvite(this.#desk, channel) }, icon("person_plus"), el("span", {}, "Add people")));
  }

  /** The composer stays as it is while one types; only a change of what one may do replaces it. */
  #drawFoot() {
    const { channel } = this;
    const state = [Boolean(channel), channel?.is_archived, channel?.kind === "im" || channel?.is_member].join();
    if (state === this.#footOf) return;
    this.#footOf = state;
    this.#composer = null;
    if (!channel) return fill(this.foot, bar("This conversation is not here."));
    if (channel.is_archived) return fill(this.foot, bar("This channel is archived. It can be read, but not written to."));
    if (channel.kind !== "im" && !channel.is_member) {
      return fill(this.foot, bar(`You are looking at #${channel.name}.`, el("button", { type: "button", class: "button primary", onclick: () => join(this.#desk, channel) }, "Join channel")));
    }
    this.#composer = new Composer(this.#desk, { channel: channel.id, label: `Message ${nameOf(this.#desk, channel)}` });
    return fill(this.foot, this.#composer.root);
  }
}

function bar(words, tool) {
  return el("div", { class: "foot-bar" }, el("span", {}, words), tool);
}

/** "#fraud-alerts" or a person's name. */
export function nameOf({ store }, channel) {
  if (!channel) return "nowhere";
  if (channel.kind !== "im") return `#${channel.name}`;
  const user = store.user(channel.user);
  return user ? user.real_name || user.name : channel.name;
}

function drawIntro(desk, channel) {
  const user = channel?.kind === "im" ? desk.store.user(channel.user) : null;
  const mark = user ? avatar(user, "large") : el("span", { class: "intro-mark" }, icon(channel?.kind === "private" ? "lock" : "hash"));
  const words = user ? `This is the start of your conversation with ${nameOf(desk, channel)}.` : `This is the start of ${nameOf(desk, channel)}.`;
  return el("div", { class: "intro" }, mark, el("h3", {}, user ? nameOf(desk, channel) : channel?.name), el("p", {}, words), channel?.topic && el("p", {}, channel.topic),
    desk.store.commands.length > 0 && el("p", { class: "intro-tip" }, "Type ", el("kbd", {}, "/"), " to see what the app can do."));
}
