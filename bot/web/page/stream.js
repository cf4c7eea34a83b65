// The connection: a ticket for the token, a WebSocket for the ticket, and the same again, behind the last cursor,
// whenever it is lost. Nothing is stored outside this module's memory.

const FIRST_WAIT = 500;
const LONGEST_WAIT = 15_000;

/** What the server refuses for good: shown to the person instead of tried again. */
export class Refused extends Error {
  constructor(problem) {
    super(problem.title);
    this.problem = problem;
  }
}

export class Stream {
  #on;
  #token = "";
  #filter = "";
  #cursor = null;
  #socket = null;
  #timer = null;
  #losses = 0;
  #attempt = 0;

  /** `on` has `message(message)`, `state(name)` and `refused(problem)`. */
  constructor(on) {
    this.#on = on;
  }

  /** Follow the stream from now on. Throws Refused when the token or the filter is wrong; the former stream goes on. */
  async open(token, filter) {
    const attempt = ++this.#attempt;
    const ticket = await takeTicket(token, filter);
    if (attempt !== this.#attempt) return;
    this.#leave();
    this.#token = token;
    this.#filter = filter;
    this.#cursor = null;
    this.#connect(ticket);
  }

  #leave() {
    clearTimeout(this.#timer);
    if (this.#socket) {
      this.#socket.onmessage = this.#socket.onclose = null;
      this.#socket.close(1000);
      this.#socket = null;
    }
  }

  #connect(ticket) {
    const url = new URL("/ws", location.href);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    url.searchParams.set("ticket", ticket);
    url.searchParams.set("filter", this.#filter);
    if (this.#cursor) url.searchParams.set("after", this.#cursor);
    const socket = (this.#socket = new WebSocket(url));
    socket.onmessage = (frame) => {
      const message = JSON.parse(frame.data);
      if (!this.#cursor || this.#losses) this.#on.state("live");
      this.#losses = 0;
      this.#cursor = message.cursor;
      this.#on.message(message);
    };
    socket.onclose = () => this.#again();
  }

  // Full jitter, so that a thousand pages do not come back in the same instant.
  #again() {
    this.#socket = null;
    this.#on.state("lost");
    const ceiling = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** this.#losses++);
    this.#timer = setTimeout(() => this.#retry(), ceiling / 10 + Math.random() * ceiling);
  }

  async #retry() {
    const attempt = this.#attempt;
    try {
      const ticket = await takeTicket(this.#token, this.#filter);
      if (attempt === this.#attempt) this.#connect(ticket);
    } catch (error) {
      if (attempt !== this.#attempt) return;
      if (error instanceof Refused) this.#on.refused(error.problem);
      else this.#again();
    }
  }
}

async function takeTicket(token, filter) {
  const response = await fetch(`/stream/ticket?${new URLSearchParams({ filter })}`, {
    method: "POST",
    headers: { Authorization: `Bearer ${token}` },
  });
  if (response.ok) return (await response.json()).ticket;
  if (response.status >= 500) throw new Error(`HTTP ${response.status}`);
  throw new Refused(await response.json());
}
