// How far each channel has been read, kept in the browser per workspace and person.

/** The marks of one person. */
export class Reads {
  #key;
  #marks;

  constructor(workspace, user) {
    this.#key = `sandbox-read:${workspace}:${user}`;
    this.#marks = restore(this.#key);
  }

  /** The `ts` up to which a channel has been read, or null. */
  upTo(channel) {
    return this.#marks[channel] ?? null;
  }

  /** Moves the mark of a channel. */
  note(channel, ts) {
    if (this.#marks[channel] === ts) return;
    this.#marks[channel] = ts;
    localStorage.setItem(this.#key, JSON.stringify(this.#marks));
  }

  /** Whether something newer than the mark is there. A channel seen for the first time counts as read. */
  missed(channel, ts) {
    if (this.#marks[channel] === undefined) this.note(channel, ts);
    return ts > this.#marks[channel];
  }
}

function restore(key) {
  try {
    return JSON.parse(localStorage.getItem(key) ?? "{}");
  } catch {
    return {}; // someone else's value; start anew
  }
}
