// How moments are said. A Slack `ts` is seconds since the epoch with six decimals, as text; `now` is always an argument.

const CLOCK = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const SECONDS = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const DAY = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });
const DAY_OF_YEAR = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "long", year: "numeric" });
const FULL = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "medium" });
const LONG = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long", year: "numeric" });
const SHORT = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", year: "numeric" });
const NUMBER = new Intl.DateTimeFormat("sv-SE");

/** The moment of a Slack `ts`. */
export function moment(ts) {
  return new Date(Number(ts) * 1000);
}

/** 14:05 */
export function clock(ts) {
  return CLOCK.format(moment(ts));
}

/** The whole date and time, for a tooltip. */
export function full(ts) {
  return FULL.format(moment(ts));
}

/** A key that two moments share if they lie on the same local day. */
export function dayKey(date) {
  return `${date.getFullYear()}-${date.getMonth()}-${date.getDate()}`;
}

/** "Today", "Yesterday", "Tomorrow", "Monday 17 November" or, for other years, "17 November 2025". */
export function dayLabel(date, now) {
  const near = nearby(date, now);
  if (near) return near;
  return (date.getFullYear() === now.getFullYear() ? DAY : DAY_OF_YEAR).format(date);
}

function nearby(date, now) {
  const names = { "-1": "Yesterday", 0: "Today", 1: "Tomorrow" };
  const found = Object.keys(names).find((days) => {
    const day = new Date(now);
    day.setDate(now.getDate() + Number(days));
    return dayKey(day) === dayKey(date);
  });
  return found === undefined ? null : names[found];
}

/** "just now", "5 min ago", "3 h ago", else the day. */
export function ago(date, now) {
  const minutes = Math.round((now - date) / 60000);
  if (minutes < 1) return "just now";
  if (minutes < 60) return `${minutes} min ago`;
  return minutes < 24 * 60 ? `${Math.round(minutes / 60)} h ago` : dayLabel(date, now);
}

/**
 * Fills Slack's date placeholders (docs.slack.dev/messaging/formatting-message-text#date-formatting).
 * @param {number} seconds since the epoch
 * @param {string} format e.g. "{date_short_pretty} at {time}"
 * @param {Date} now
 */
export function slackDate(seconds, format, now) {
  const date = new Date(seconds * 1000);
  const near = nearby(date, now);
  const pretty = (at) => near && (at === 0 ? near : near.toLowerCase());
  const says = {
    date_num: () => NUMBER.format(date),
    date: () => DAY_OF_YEAR.format(date),
    date_short: () => SHORT.format(date),
    date_long: () => LONG.format(date),
    date_pretty: (at) => pretty(at) ?? DAY_OF_YEAR.format(date),
    date_short_pretty: (at) => pretty(at) ?? SHORT.format(date),
    date_long_pretty: (at) => pretty(at) ?? LONG.format(date),
    day_divider_pretty: () => dayLabel(date, now),
    time: () => CLOCK.format(date),
    time_secs: () => SECONDS.format(date),
    ago: () => ago(date, now),
  };
  return format.replace(/\{([a-z_]+)\}/g, (whole, name, at) => (Object.hasOwn(says, name) ? says[name](at) : whole));
}
