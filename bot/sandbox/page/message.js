// One message: who, when, what, and what can be done with it.

import { avatar } from "./avatar.js";
import { drawBlocks } from "./blocks.js";
import { el } from "./dom.js";
import { drawPicture } from "./elements.js";
import { icon } from "./icons.js";
import { emoji } from "./emoji.js";
import { openMenu } from "./menu.js";
import { drawLink, drawProse } from "./prose.js";
import { parseMrkdwn } from "./mrkdwn.js";
import { sayRefused } from "./refusal.js";
import { feedKey } from "./store.js";
import { messageSurface } from "./surface.js";
import { drawText } from "./text.js";
import { clock, dayKey, dayLabel, full, moment } from "./time.js";

const TOGETHER = 5 * 60; // seconds between messages of one author that still stand under one name

/** Whether a message follows its author's last one so closely that it needs no name of its own. */
export function continues(message, before) {
  return Boolean(before) && before.user === message.user && before.username === message.username && Boolean(before.ephemeral) === Boolean(message.ephemeral) &&
    !before.subtype && !message.subtype && Number(message.ts) - Number(before.ts) < TOGETHER && dayKey(moment(message.ts)) === dayKey(moment(before.ts));
}

/**
 * @param {import("./surface.js").Desk} desk
 * @param {object} message
 * @param {{grouped: boolean, inThread: boolean}} place
 * @returns {HTMLElement}
 */
export function drawMessage(desk, message, { grouped, inThread }) {
  const author = authorOf(desk, message);
  const className = ["message", grouped && "grouped", message.ephemeral && "ephemeral", message.subtype && "system"].filter(Boolean).join(" ");
  return el("article", { class: className, tabindex: -1, dataset: { ts: message.ts }, "aria-label": `${author.real_name || author.name}, ${clock(message.ts)}` },
    el("div", { class: "gutter" }, grouped ? el("time", { class: "gutter-time", title: full(message.ts) }, clock(message.ts)) : avatar(author)),
    el("div", { class: "content" },
      message.ephemeral && !grouped && el("p", { class: "only-you" }, icon("eye_off"), "Only visible to you"),
      !grouped && drawHead(author, message),
      drawBody(desk, message),
      (message.files ?? []).map(drawFile),
      drawReactions(message),
      !inThread && message.reply_count > 0 && drawThreadFoot(desk, message)),
    drawTools(desk, message, inThread));
}

function authorOf(desk, message) {
  const user = desk.store.user(message.user) ?? { id: message.user ?? message.bot_id ?? "?", name: message.bot_id ?? "someone", is_bot: Boolean(message.bot_id) };
  return message.username ? { ...user, real_name: message.username } : user;
}

function drawHead(author, message) {
  return el("header", { class: "message-head" },
    el("span", { class: "author" }, author.real_name || author.name),
    author.is_bot && el("span", { class: "badge-app" }, "App"),
    el("time", { title: full(message.ts) }, clock(message.ts)));
}

function drawBody(desk, message) {
  const surface = messageSurface(desk, message);
  const body = message.blocks?.length > 0
    ? drawBlocks(message.blocks, surface)
    : el("div", { class: "prose" }, drawProse(parseMrkdwn(message.text ?? ""), desk.names));
  const attachments = (message.attachments ?? []).map((attachment) => drawAttachment(attachment, surface));
  return [body, message.edited && el("span", { class: "edited" }, "(edited)"), attachments];
}

function drawAttachment(attachment, surface) {
  const root = el("div", { class: "attachment" },
    attachment.pretext && el("div", { class: "prose" }, drawText({ type: "mrkdwn", text: attachment.pretext }, surface.names)),
    attachment.title && el("div", { class: "card-title" }, attachment.title_link ? drawLink(attachment.title_link, attachment.title) : attachment.title),
    attachment.blocks ? drawBlocks(attachment.blocks, surface) : el("div", { class: "prose" }, drawProse(parseMrkdwn(attachment.text ?? attachment.fallback ?? ""), surface.names)),
    attachment.fields && el("div", { class: "fields" }, attachment.fields.map((field) => el("div", {}, el("strong", {}, field.title), el("br"), field.value))),
    attachment.image_url && drawPicture({ image_url: attachment.image_url, alt_text: attachment.title }, "picture-full"),
    attachment.footer && el("p", { class: "hint" }, attachment.footer));
  const colour = { good: "var(--good)", warning: "var(--warn)", danger: "var(--danger)" }[attachment.color] ?? /^#?([0-9a-f]{6})$/i.exec(attachment.color ?? "")?.[1];
  if (colour) root.style.setProperty("--edge", colour.startsWith("var") ? colour : `#${colour}`);
  return root;
}

function drawFile(file) {
  const name = file.title || file.name || "File";
  return el("div", { class: "file" }, icon("file"), el("div", {}, el("div", { class: "file-name" }, file.url_private ? drawLink(new URL(file.url_private, location.href).href, name) : name),
    el("div", { class: "file-kind" }, [file.filetype, file.size && `${Math.max(1, Math.round(file.size / 1024))} KB`].filter(Boolean).join(" · "))));
}

function drawReactions(message) {
  const reactions = message.reactions ?? [];
  return reactions.length > 0 && el("div", { class: "reactions" }, reactions.map((reaction) =>
    el("span", { class: "reaction", title: `:${reaction.name}:` }, emoji(reaction.name) ?? `:${reaction.name}:`, " ", reaction.count ?? reaction.users?.length ?? 1)));
}

function drawThreadFoot(desk, message) {
  const fresh = desk.store.newReplies.has(feedKey(message.channel, message.ts));
  const count = `${message.reply_count} ${message.reply_count === 1 ? "reply" : "replies"}`;
  const latest = message.latest_reply && `Last reply ${dayLabel(moment(message.latest_reply), new Date()).toLowerCase()} at ${clock(message.latest_reply)}`;
  return el("button", { type: "button", class: "thread-foot", onclick: () => desk.go(message.channel, message.ts) },
    icon("reply"), el("strong", {}, count), fresh && el("span", { class: "fresh" }, "new"), latest && el("span", { class: "thread-latest" }, latest));
}

function drawTools(desk, message, inThread) {
  const shortcuts = desk.store.shortcuts.filter((shortcut) => shortcut.type === "message");
  const thread = message.thread_ts ?? message.ts;
  const reply = !inThread && !message.ephemeral && el("button", { type: "button", class: "icon-button", "aria-label": "Reply in thread", title: "Reply in thread", onclick: () => desk.go(message.channel, thread) }, icon("reply"));
  const more = !message.ephemeral && shortcuts.length > 0 && el("button", {
    type: "button", class: "icon-button", "aria-label": "Shortcuts", title: "Shortcuts", "aria-haspopup": "menu", "aria-expanded": "false",
    onclick: (event) => openMenu(event.currentTarget, shortcuts.map((shortcut) => shortcutItem(desk, shortcut, message)), { label: "Shortcuts", alignEnd: true }),
  }, icon("bolt"));
  return (reply || more) && el("div", { class: "message-tools" }, reply, more);
}

/** A menu item that runs a shortcut of the app, on a message or on nothing in particular. */
export function shortcutItem(desk, shortcut, message) {
  return {
    label: shortcut.name,
    hint: shortcut.description,
    run: async () => {
      try {
        await desk.api.post("shortcut", { callback_id: shortcut.callback_id, ...(message ? { channel: message.channel, ts: message.ts } : {}) });
      } catch (error) {
        sayRefused(desk, `“${shortcut.name}” failed`, error);
      }
    },
  };
}
