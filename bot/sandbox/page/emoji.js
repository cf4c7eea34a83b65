// Common shortcodes. An unknown one is shown as it was written.

const TABLE = {
  "+1": "👍", "-1": "👎", "100": "💯", alarm_clock: "⏰", arrow_down: "⬇️", arrow_left: "⬅️", arrow_right: "➡️", arrow_up: "⬆️",
  arrows_counterclockwise: "🔄", ballot_box_with_check: "☑️", bangbang: "‼️", bar_chart: "📊", beetle: "🪲", bell: "🔔", black_circle: "⚫",
  blue_heart: "💙", book: "📖", bookmark: "🔖", books: "📚", boom: "💥", brain: "🧠", broken_heart: "💔", bug: "🐛", bulb: "💡",
  calendar: "📅", chart_with_downwards_trend: "📉", chart_with_upwards_trend: "📈", clap: "👏", clipboard: "📋", clock1: "🕐",
  coffee: "☕", computer: "💻", construction: "🚧", credit_card: "💳", crossed_fingers: "🤞", cry: "😢", dart: "🎯", date: "📅",
  dizzy: "💫", dollar: "💵", email: "📧", envelope: "✉️", exclamation: "❗", eyes: "👀", fast_forward: "⏩", file_folder: "📁", fire: "🔥",
  flag: "🚩", gear: "⚙️", ghost: "👻", gift: "🎁", globe_with_meridians: "🌐", grey_question: "❔", grin: "😁", hammer: "🔨",
  hammer_and_wrench: "🛠️", handshake: "🤝", heart: "❤️", heavy_check_mark: "✔️", heavy_exclamation_mark: "❗", heavy_multiplication_x: "✖️",
  hourglass: "⌛", hourglass_flowing_sand: "⏳", hugging_face: "🤗", inbox_tray: "📥", information_source: "ℹ️", innocent: "😇", joy: "😂",
  key: "🔑", label: "🏷️", large_blue_circle: "🔵", large_green_circle: "🟢", large_orange_circle: "🟠", large_purple_circle: "🟣",
  large_red_circle: "🔴", large_yellow_circle: "🟡", link: "🔗", lock: "🔒", loudspeaker: "📢", mag: "🔍", mailbox: "📫", mega: "📣",
  memo: "📝", money_with_wings: "💸", moneybag: "💰", muscle: "💪", mute: "🔇", new: "🆕", newspaper: "📰", no_bell: "🔕", no_entry: "⛔",
  no_entry_sign: "🚫", octagonal_sign: "🛑", ok: "🆗", ok_hand: "👌", open_hands: "👐", outbox_tray: "📤", package: "📦", page_facing_up: "📄",
  paperclip: "📎", party: "🥳", pause_button: "⏸️", pencil: "✏️", pencil2: "✏️", point_right: "👉", pray: "🙏", pushpin: "📌", question: "❓",
  rainbow: "🌈", raised_hands: "🙌", receipt: "🧾", recycle: "♻️", red_circle: "🔴", repeat: "🔁", robot_face: "🤖", rocket: "🚀",
  rotating_light: "🚨", runner: "🏃", scales: "⚖️", shield: "🛡️", slightly_smiling_face: "🙂", smile: "😄", smiley: "😃", snail: "🐌",
  snowflake: "❄️", sos: "🆘", sparkles: "✨", speech_balloon: "💬", star: "⭐", stopwatch: "⏱️", sunglasses: "😎", sunny: "☀️", sweat_smile: "😅",
  tada: "🎉", test_tube: "🧪", thinking_face: "🤔", thought_balloon: "💭", thumbsdown: "👎", thumbsup: "👍", ticket: "🎫", timer_clock: "⏲️",
  traffic_light: "🚥", trophy: "🏆", turtle: "🐢", unlock: "🔓", warning: "⚠️", wastebasket: "🗑️", wave: "👋", white_check_mark: "✅",
  white_circle: "⚪", white_large_square: "⬜", wrench: "🔧", x: "❌", yellow_heart: "💛", zap: "⚡", zzz: "💤",
};

/**
 * The characters of a shortcode, or null if we do not know it.
 * @param {string} name without colons
 */
export function emoji(name) {
  return Object.hasOwn(TABLE, name) ? TABLE[name] : null;
}

/** The characters of Slack's `unicode` field ("1f600-200d-…"), or null if it is none. */
export function fromCodePoints(code) {
  if (typeof code !== "string" || !/^[0-9a-f]{2,6}(-[0-9a-f]{2,6})*$/i.test(code)) return null;
  const points = code.split("-").map((part) => Number.parseInt(part, 16));
  return points.every((point) => point <= 0x10ffff) ? String.fromCodePoint(...points) : null;
}
