// The messages of one channel or thread that the page holds: in order of `ts`, without holes, bounded.

const MOST = 2000; // messages held; the oldest go first and can be loaded again
const DROP = 500;

/** An ordered run of messages that ends with the newest one. */
export class Feed {
  /** @type {object[]} oldest first */
  messages = [];
  /** Whether the sandbox has older ones. */
  hasMore = true;
  /** Whether the newest ones have been loaded; until then live messages are not kept, for they would leave a hole. */
  loaded = false;

  /** The index of the first message at or after `ts`. */
  indexOf(ts) {
    let low = 0;
    let high = this.messages.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.messages[middle].ts < ts) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The message with this `ts`, or undefined. */
  find(ts) {
    const found = this.messages[this.indexOf(ts)];
    return found?.ts === ts ? found : undefined;
  }

  /** Adds a message, or replaces the one with its `ts`. */
  put(message) {
    const at = this.indexOf(message.ts);
    const known = this.messages[at]?.ts === message.ts;
    this.messages.splice(at, known ? 1 : 0, message);
    if (this.messages.length > MOST) {
      this.messages.splice(0, DROP);
      this.hasMore = true;
    }
  }

  /** Forgets the message with this `ts`. */
  remove(ts) {
    const at = this.indexOf(ts);
    if (this.messages[at]?.ts === ts) this.messages.splice(at, 1);
  }

  /**
   * Takes the newest page from the sandbox. What is held and lies before the page is kept only if the page reaches back to it.
   * Ephemeral messages live nowhere but here, so they stay.
   * @param {object[]} page oldest first
   * @param {boolean} hasMore
   */
  refresh(page, hasMore) {
    const first = page[0]?.ts ?? "";
    const held = this.messages;
    const joins = hasMore && held.some((message) => message.ts >= first);
    const before = joins ? held.filter((message) => message.ts < first) : [];
    const known = new Set(page.map((message) => message.ts));
    const ephemeral = held.filter((message) => message.ephemeral && message.ts >= first && !known.has(message.ts));
    this.hasMore = before.length > 0 ? this.hasMore : hasMore;
    const old = new Map(held.map((message) => [message.ts, message]));
    const fresh = page.map((message) => (same(old.get(message.ts), message) ? old.get(message.ts) : message));
    this.messages = [...before, ...fresh, ...ephemeral].sort((one, other) => (one.ts < other.ts ? -1 : 1));
    this.loaded = true;
  }

  /** Takes a page of older messages. */
  prepend(page, hasMore) {
    const first = this.messages[0]?.ts;
    this.messages = [...page.filter((message) => first === undefined || message.ts < first), ...this.messages];
    this.hasMore = hasMore;
  }
}

/** Equal messages stay the same object, so that nobody draws them again. */
function same(one, other) {
  return one !== undefined && JSON.stringify(one) === JSON.stringify(other);
}
