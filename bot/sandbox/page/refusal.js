// Telling a person that the sandbox refused something.

import { Refused } from "./api.js";

const SAYS = {
  unreachable: "the sandbox does not answer",
  not_in_channel: "you are not in this channel",
  is_archived: "this channel is archived",
  name_taken: "this name is taken",
  invalid_name: "this name has characters that a channel cannot have",
};

/** Refusals that the sandbox also tells by a notice, in the words of Slack's client. */
const NOTICED = new Set(["operation_timeout", "dispatch_failed", "unknown_command"]);

/** Shows a refusal as a toast. Other errors are faults of ours and go on. */
export function sayRefused(desk, what, error) {
  if (!(error instanceof Refused)) throw error;
  if (NOTICED.has(error.code)) return;
  desk.toasts.show("error", `${what}: ${explain(error.code)}.`);
}

/** A refusal in words; an unknown code as it is. */
export function explain(code) {
  return SAYS[code] ?? code;
}
