// Telling a person that the sandbox refused something.

import { Refused } from "./api.js";

const SAYS = {
  unreachable: "the sandbox does not answer",
  operation_timeout: "the app did not answer within three seconds",
  app_not_connected: "the app is not connected",
  not_in_channel: "you are not in this channel",
  is_archived: "this channel is archived",
  name_taken: "this name is taken",
  invalid_name: "this name has characters that a channel cannot have",
};

/** Shows a refusal as a toast. Other errors are faults of ours and go on. */
export function sayRefused(desk, what, error) {
  if (!(error instanceof Refused)) throw error;
  desk.toasts.show("error", `${what}: ${explain(error.code)}.`);
}

/** A refusal in words; an unknown code as it is. */
export function explain(code) {
  return SAYS[code] ?? code;
}
