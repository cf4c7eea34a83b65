// The list of messages: a window of bounded size onto a feed, drawn once per frame however many messages arrive, that stays at
// the bottom while one reads there and holds still while one reads further up.
//
// Two modes. Following: the window ends with the newest message. Resting: the window starts at a fixed message, and moves only
// when one scrolls near its edges.

import { el, oncePerFrame } from "./dom.js";
import { icon } from "./icons.js";
import { continues, drawMessage } from "./message.js";
import { dayKey, dayLabel, moment } from "./time.js";

const MOST = 300; // messages in the document
const FOLLOWED = 120; // of them while following; the rest is room for scrolling up
const STEP = 60; // messages by which the window moves
const NEAR = 600; // px from an edge at which it moves
const BOTTOM = 48; // px that still count as being at the bottom

/** One timeline in the document. */
export class Timeline {
  #desk;
  #source;
  #feed = null;
  #first = null; // ts of the first message while resting; null while following
  #atBottom = true;
  #newAfter = null;
  #seen = "0"; // newest ts that was on screen
  #start = 0;
  #end = 0;
  #drawn = new Map(); // key → {node, token}
  #loadingOlder = false;
  #schedule;
  #watch;

  /**
   * @param {import("./surface.js").Desk} desk
   * @param {object} source
   * @param {string} source.label
   * @param {boolean} source.inThread
   * @param {() => import("./feed.js").Feed} source.feed
   * @param {() => Promise<void>} source.loadOlder
   * @param {(feed: import("./feed.js").Feed) => {key: string, token: unknown, draw: () => Node}[]} source.head rows above the first message of all
   * @param {() => void} source.onSeen everything up to the newest message has been looked at
   */
  constructor(desk, source) {
    this.#desk = desk;
    this.#source = source;
    this.rows = el("div", { class: "rows", role: "log", "aria-label": source.label, "aria-relevant": "additions" });
    this.scroller = el("div", { class: "scroller", tabindex: 0, "aria-label": source.label, role: "region", onscroll: oncePerFrame(() => this.#scrolled()) }, this.rows);
    this.pill = el("button", { type: "button", class: "pill", hidden: true, onclick: () => this.toLatest() }, icon("arrow_down"), el("span", {}));
    this.root = el("div", { class: "timeline" }, this.scroller, this.pill);
    this.rows.addEventListener("keydown", (event) => this.#walk(event));
    this.#schedule = oncePerFrame(() => this.#draw());
    this.#watch = new ResizeObserver(() => this.#atBottom && this.#toBottom());
    this.#watch.observe(this.rows);
    this.#watch.observe(this.scroller);
    document.addEventListener("visibilitychange", this.#visibility);
  }

  /**
   * Starts at the newest message.
   * @param {string|null} newAfter the `ts` after which messages are new to the reader
   */
  start(newAfter) {
    this.#newAfter = newAfter;
    this.changed();
  }

  /** Tells that the feed has changed. */
  changed() {
    this.#schedule();
  }

  /** Goes to the newest message. */
  toLatest() {
    this.#first = null;
    this.#atBottom = true;
    this.#draw();
    this.scroller.focus({ preventScroll: true });
  }

  /** Ends all listening. */
  end() {
    this.#watch.disconnect();
    document.removeEventListener("visibilitychange", this.#visibility);
    this.root.remove();
  }

  #visibility = () => {
    if (document.hidden) this.#newAfter = this.#feed?.messages.at(-1)?.ts ?? null; // what arrives from now on is new
    else this.changed();
  };

  #draw() {
    if (!this.rows.isConnected) return;
    this.#feed = this.#source.feed();
    const { messages } = this.#feed;
    this.#start = this.#first === null ? Math.max(0, messages.length - FOLLOWED) : this.#feed.indexOf(this.#first);
    this.#end = this.#first === null ? messages.length : Math.min(messages.length, this.#start + MOST);
    const hold = this.#atBottom ? null : this.#anchor();
    this.#place(this.#layout());
    if (hold === null) this.#toBottom();
    else this.#restore(hold);
    this.#settle();
  }

  /** The rows that should be there, in order. */
  #layout() {
    const { messages, hasMore, loaded } = this.#feed;
    const rows = [];
    if (this.#start === 0 && loaded && !hasMore) rows.push(...this.#source.head(this.#feed));
    if (this.#start === 0 && (hasMore || !loaded)) rows.push({ key: "loading", token: loaded, draw: () => el("div", { class: "loading", role: "status" }, el("span", { class: "visually-hidden" }, "Loading messages")) });
    let before = null;
    let lined = this.#newAfter === null;
    const now = new Date();
    for (const message of messages.slice(this.#start, this.#end)) {
      const date = moment(message.ts);
      const day = dayKey(date);
      const turns = before === null || dayKey(moment(before.ts)) !== day;
      if (turns && !this.#source.inThread) rows.push({ key: `day ${day}`, token: dayLabel(date, now), draw: () => drawDay(dayLabel(date, now)) });
      const line = !lined && message.ts > this.#newAfter && message.user !== this.#desk.store.me.id;
      if (line && (before !== null || this.#start === 0)) rows.push({ key: "new", token: true, draw: drawNewLine });
      lined ||= message.ts > this.#newAfter && (line || message.user === this.#desk.store.me.id);
      const grouped = !turns && !line && continues(message, before);
      const fresh = this.#desk.store.newReplies.has(`${message.channel}/${message.ts}`);
      rows.push({ key: message.ts, token: message, look: `${grouped} ${fresh}`, draw: () => drawMessage(this.#desk, message, { grouped, inThread: this.#source.inThread }) });
      before = message;
    }
    return rows;
  }

  /** Makes the document match the rows, leaving alone what has not changed. */
  #place(rows) {
    const wanted = new Set(rows.map((row) => row.key));
    for (const [key, { node }] of this.#drawn) {
      if (wanted.has(key)) continue;
      node.remove();
      this.#drawn.delete(key);
    }
    let next = this.rows.firstChild;
    for (const row of rows) {
      const old = this.#drawn.get(row.key);
      if (old && old.token === row.token && old.look === row.look) {
        if (old.node === next) next = next.nextSibling;
        else this.rows.insertBefore(old.node, next);
        continue;
      }
      const node = row.draw();
      const focused = old?.node.contains(document.activeElement);
      if (old?.node === next) next = next.nextSibling;
      if (old) old.node.replaceWith(node);
      else this.rows.insertBefore(node, next);
      if (focused) node.focus({ preventScroll: true });
      this.#drawn.set(row.key, { node, token: row.token, look: row.look });
    }
  }

  /** The first message on screen and how far it is from the top, so that it can be put back there. */
  #anchor() {
    const top = this.scroller.getBoundingClientRect().top;
    for (const node of this.rows.children) {
      const box = node.getBoundingClientRect();
      if (box.bottom > top && node.classList.contains("message")) return { key: node.dataset.ts, offset: box.top - top };
    }
    return { key: null, offset: 0 };
  }

  #restore({ key, offset }) {
    const node = this.#drawn.get(key)?.node;
    if (!node) return;
    const moved = node.getBoundingClientRect().top - this.scroller.getBoundingClientRect().top - offset;
    if (Math.abs(moved) >= 1) this.scroller.scrollTop += moved;
  }

  #toBottom() {
    this.scroller.scrollTop = this.scroller.scrollHeight;
  }

  #scrolled() {
    if (!this.#feed || !this.rows.isConnected) return;
    const { scrollTop, scrollHeight, clientHeight } = this.scroller;
    const { messages, hasMore } = this.#feed;
    const below = scrollHeight - scrollTop - clientHeight;
    const whole = this.#end >= messages.length;
    this.#atBottom = whole && below < BOTTOM;
    if (this.#atBottom) this.#first = null;
    else if (this.#first === null) this.#first = messages[this.#start]?.ts ?? null;
    if (scrollTop < NEAR && this.#start > 0) this.#move(Math.max(0, this.#start - STEP));
    else if (scrollTop < NEAR && hasMore) this.#older();
    else if (below < NEAR && !whole) this.#move(Math.min(this.#start + STEP, messages.length - MOST + STEP));
    else this.#settle();
  }

  #move(start) {
    this.#first = this.#feed.messages[start].ts;
    this.#draw();
  }

  async #older() {
    if (this.#loadingOlder || !this.#feed.loaded) return;
    this.#loadingOlder = true;
    try {
      await this.#source.loadOlder();
      const found = this.#feed.indexOf(this.#first ?? "0");
      if (found > 0) this.#first = this.#feed.messages[Math.max(0, found - STEP)].ts;
      this.changed();
    } catch {
      // The sandbox is away; the next scroll tries again.
    } finally {
      this.#loadingOlder = false;
    }
  }

  /** Notes what has been seen and shows the pill where something has not. */
  #settle() {
    const { messages } = this.#feed;
    const newest = messages.at(-1)?.ts ?? "0";
    if (this.#atBottom) {
      this.#seen = newest;
      if (!document.hidden && this.#feed.loaded) this.#source.onSeen();
    }
    const missed = messages.length - this.#feed.indexOf(this.#seen) - 1;
    this.pill.hidden = this.#atBottom;
    this.pill.lastChild.textContent = missed > 0 ? `${missed} new ${missed === 1 ? "message" : "messages"}` : "Jump to latest";
    this.pill.classList.toggle("pill-new", missed > 0);
  }

  /** Arrow keys go from message to message. */
  #walk(event) {
    if (!event.target.classList.contains("message") || !["ArrowUp", "ArrowDown"].includes(event.key)) return;
    const all = [...this.rows.querySelectorAll(".message")];
    const to = all[all.indexOf(event.target) + (event.key === "ArrowUp" ? -1 : 1)];
    if (!to) return;
    event.preventDefault();
    to.focus();
  }
}

function drawDay(label) {
  return el("div", { class: "day", role: "separator", "aria-label": label }, el("span", {}, label));
}

function drawNewLine() {
  return el("div", { class: "new-line", role: "separator", "aria-label": "New messages" }, el("span", {}, "New"));
}
