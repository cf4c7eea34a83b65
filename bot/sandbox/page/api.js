// Talking to the sandbox: JSON over the page's own origin, as one person.

/** The sandbox said no, or could not be reached. `code` is Slack's error code or "unreachable". */
export class Refused extends Error {
  constructor(code, answer = {}) {
    super(code);
    this.code = code;
    this.answer = answer;
  }
}

/** The sandbox's `/client` endpoints for one person. */
export class Api {
  /** @param {string|null} user the Slack id of the person, null for the sandbox's first */
  constructor(user) {
    this.user = user;
  }

  /**
   * @param {string} what e.g. "history"
   * @param {Object<string, string>} [query] absent values are left out
   * @throws {Refused}
   */
  get(what, query = {}) {
    const given = Object.entries({ user: this.user, ...query }).filter(([, value]) => value !== null && value !== undefined);
    return ask(`/client/${what}?${new URLSearchParams(given)}`, {});
  }

  /**
   * @param {string} what e.g. "say"
   * @param {object} body
   * @throws {Refused}
   */
  post(what, body) {
    return ask(`/client/${what}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ user: this.user, ...body }),
    });
  }

  /** The address of the live socket. */
  get liveAddress() {
    const address = new URL(`/client/live?user=${encodeURIComponent(this.user)}`, location.href);
    address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
    return address.href;
  }
}

async function ask(address, options) {
  let answer;
  try {
    const response = await fetch(address, options);
    answer = await response.json();
  } catch {
    throw new Refused("unreachable");
  }
  if (answer.ok === false) throw new Refused(answer.error ?? "refused", answer);
  return answer;
}
