// The live socket: connects, connects again when it is cut off, and says so.

const SHORTEST = 400; // ms before the first new try
const LONGEST = 8000; // ms between later ones
const QUIET = 4000; // ms; a connection that dies sooner does not reset the waiting time

/** @typedef {"connecting"|"live"|"waiting"} LiveStatus */

/** One person's stream of events. */
export class Live {
  #address;
  #onEvent;
  #onStatus;
  #socket = null;
  #timer = null;
  #tries = 0;
  #connections = 0;
  #ended = false;

  /**
   * @param {string} address ws: or wss:
   * @param {(event: object) => void} onEvent
   * @param {(status: LiveStatus, again: boolean) => void} onStatus `again` is true when this is not the first connection: events were missed
   */
  constructor(address, onEvent, onStatus) {
    this.#address = address;
    this.#onEvent = onEvent;
    this.#onStatus = onStatus;
    addEventListener("online", this.#now);
    this.#connect();
  }

  /** Ends the stream for good. */
  end() {
    this.#ended = true;
    removeEventListener("online", this.#now);
    clearTimeout(this.#timer);
    this.#socket?.close();
  }

  #now = () => {
    if (this.#timer === null) return;
    clearTimeout(this.#timer);
    this.#connect();
  };

  #connect() {
    this.#timer = null;
    this.#onStatus("connecting", this.#connections > 0);
    const socket = new WebSocket(this.#address);
    let opened = 0;
    this.#socket = socket;
    socket.onopen = () => {
      opened = performance.now();
      this.#connections += 1;
      if (!this.#ended) this.#onStatus("live", this.#connections > 1);
    };
    socket.onmessage = ({ data }) => {
      if (!this.#ended) this.#onEvent(JSON.parse(data));
    };
    socket.onclose = () => {
      if (this.#ended) return;
      if (opened && performance.now() - opened > QUIET) this.#tries = 0;
      const wait = Math.min(SHORTEST * 2 ** this.#tries, LONGEST) * (0.5 + Math.random() / 2);
      this.#tries += 1;
      this.#onStatus("waiting", this.#connections > 0);
      this.#timer = setTimeout(() => this.#connect(), wait);
    };
  }
}
