// The select menus of Block Kit, each a Picker over its own source.
// docs.slack.dev/reference/block-kit/block-elements/select-menu-element and multi-select-menu-element

import { avatar } from "./avatar.js";
import { el } from "./dom.js";
import { icon } from "./icons.js";
import { Picker } from "./picker.js";
import { changed } from "./change.js";
import { plain } from "./mrkdwn.js";

/** Where the choices come from, what was chosen before, and how Slack names the choice, by kind of select. */
const KINDS = {
  static: { one: "selected_option", many: "selected_options", initial: (e) => options(e.initial_options ?? [e.initial_option]), load: staticGroups, value: (choice) => choice.value, again: options },
  external: { one: "selected_option", many: "selected_options", initial: (e) => options(e.initial_options ?? [e.initial_option]), load: externalGroups, value: (choice) => choice.value, again: options, remote: true },
  users: { one: "selected_user", many: "selected_users", initial: (e, s) => people(e.initial_users ?? [e.initial_user], s), load: userGroups, value: (choice) => choice.key, again: people },
  channels: { one: "selected_channel", many: "selected_channels", initial: (e, s) => places(e.initial_channels ?? [e.initial_channel], s), load: channelGroups, value: (choice) => choice.key, again: places },
  conversations: { one: "selected_conversation", many: "selected_conversations", initial: conversationInitial, load: conversationGroups, value: (choice) => choice.key, again: places },
};

/**
 * Draws `static_select`, `multi_users_select` and all their kin.
 * @param {object} element
 * @param {import("./elements.js").Slot} slot
 * @param {import("./surface.js").Surface} surface
 */
export function drawSelect(element, slot, surface) {
  const [, many, name] = /^(multi_)?([a-z]+)_select$/.exec(element.type);
  const kind = KINDS[name];
  const holder = many ? kind.many : kind.one;
  const before = surface.form.get(slot.blockId, element.action_id);
  const held = before ? kind.again([before[holder]].flat(), surface) : kind.initial(element, surface, slot);
  const set = (chosen) => ({ [holder]: many ? chosen.map(kind.value) : chosen.length > 0 ? kind.value(chosen[0]) : null });
  surface.form.set(slot.blockId, element.action_id, { type: element.type, ...set(held) });
  const picker = new Picker({
    label: slot.label ?? element.placeholder?.text ?? "Choose",
    placeholder: element.placeholder?.text ?? (many ? "Select options" : "Select an option"),
    multiple: Boolean(many),
    most: element.max_selected_items,
    chosen: held,
    remote: Boolean(kind.remote),
    least: element.min_query_length ?? 3,
    load: (search) => kind.load(element, surface, slot, search),
    onChange: (chosen) => changed(element, slot, surface, set(chosen)),
  });
  if (slot.describedBy) picker.button.setAttribute("aria-describedby", slot.describedBy);
  return picker.root;
}

function options(list) {
  return list.filter(Boolean).map((option) => ({
    key: `${option.value}`,
    label: plain(option.text?.text ?? ""),
    hint: option.description?.text,
    value: option,
  }));
}

function staticGroups(element) {
  if (!element.option_groups?.length) return [{ label: null, choices: options(element.options ?? []) }];
  return element.option_groups.map((group) => ({ label: group.label?.text ?? null, choices: options(group.options ?? []) }));
}

async function externalGroups(element, surface, slot, search) {
  const answer = await surface.options(slot.blockId, element.action_id, search);
  return staticGroups(answer);
}

function people(ids, surface) {
  return ids.filter(Boolean).map((id) => person(surface.store.user(id) ?? { id, name: id }));
}

function person(user) {
  return { key: user.id, label: user.real_name || user.name, hint: `@${user.name}`, lead: () => avatar(user, "small"), value: user.id };
}

function userGroups(element, surface) {
  return [{ label: null, choices: surface.store.users.map(person) }];
}

function places(ids, surface) {
  return ids.filter(Boolean).map((id) => place(surface.store.channel(id) ?? { id, name: id, kind: "channel" }, surface));
}

function place(channel, surface) {
  if (channel.kind !== "im") {
    const lead = () => el("span", { class: "channel-mark" }, icon(channel.kind === "private" ? "lock" : "hash"));
    return { key: channel.id, label: channel.name, lead, value: channel.id };
  }
  const user = surface.store.user(channel.user) ?? { id: channel.user, name: channel.name };
  return { ...person(user), key: channel.id, value: channel.id };
}

function open(surface) {
  return surface.store.channels.filter((channel) => !channel.is_archived);
}

function channelGroups(element, surface) {
  return [{ label: null, choices: open(surface).filter((channel) => channel.kind === "channel").map((channel) => place(channel, surface)) }];
}

function conversationInitial(element, surface, slot) {
  const given = element.initial_conversations ?? [element.initial_conversation];
  const none = given.filter(Boolean).length === 0;
  if (!none || !element.default_to_current_conversation) return places(given, surface);
  const current = surface.channel ?? slot.channel;
  const offered = conversationGroups(element, surface).flatMap((group) => group.choices);
  return offered.filter((choice) => choice.key === current);
}

const KIND_NAMES = { channel: "public", private: "private", im: "im" };

function conversationGroups(element, surface) {
  const wanted = element.filter?.include ?? ["public", "private", "im"];
  const found = open(surface).filter((channel) => wanted.includes(KIND_NAMES[channel.kind]));
  const isBot = (channel) => channel.kind === "im" && surface.store.user(channel.user)?.is_bot;
  const kept = element.filter?.exclude_bot_users ? found.filter((channel) => !isBot(channel)) : found;
  const group = (label, kinds) => ({ label, choices: kept.filter((channel) => kinds.includes(channel.kind)).map((channel) => place(channel, surface)) });
  return [group("Channels", ["channel", "private"]), group("People", ["im"])];
}
