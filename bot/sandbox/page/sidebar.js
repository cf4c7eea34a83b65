// The sidebar: the workspace and how we are connected to it, who one is, and all conversations.

import { avatar } from "./avatar.js";
import { el, fill, oncePerFrame } from "./dom.js";
import { appPicture, icon } from "./icons.js";
import { openMenu } from "./menu.js";
import { openNewChannel } from "./rooms.js";
import { currentTheme, onSystemTheme, toggleTheme } from "./theme.js";

const STATUS = { connecting: "Connecting…", live: "Live", waiting: "Reconnecting…" };

/** The navigation at the left. */
export class Sidebar {
  #desk;
  #current = null;

  /**
   * @param {import("./surface.js").Desk} desk
   * @param {HTMLElement} root
   * @param {(user: string) => void} onPerson another person was chosen
   */
  constructor(desk, root, onPerson) {
    this.#desk = desk;
    const { store } = desk;
    this.status = el("span", { class: "status", role: "status" });
    this.person = el("button", {
      type: "button", class: "person", "aria-haspopup": "menu", "aria-expanded": "false",
      onclick: () => openMenu(this.person, this.#people(onPerson), { label: "Play another person" }),
    });
    this.theme = el("button", { type: "button", class: "icon-button", onclick: () => this.#theme(toggleTheme()) });
    this.lists = el("div", { class: "sidebar-lists" });
    fill(root,
      el("header", { class: "brand" }, el("span", { class: "brand-mark" }, appPicture()),
        el("div", { class: "brand-words" }, el("h1", {}, store.workspace.name), this.status), this.theme),
      this.person, this.lists);
    const draw = oncePerFrame(() => this.#draw());
    for (const topic of ["channels", "app"]) store.on(topic, draw);
    onSystemTheme(() => this.#theme(currentTheme()));
    this.#theme(currentTheme());
    this.setStatus("connecting");
    this.#draw();
  }

  /** Marks the conversation that is shown. */
  setCurrent(channel) {
    this.#current = channel;
    this.#draw();
  }

  /** @param {import("./live.js").LiveStatus} status */
  setStatus(status) {
    this.status.className = `status status-${status}`;
    fill(this.status, el("i", {}), STATUS[status]);
  }

  #theme(theme) {
    const next = theme === "dark" ? "light" : "dark";
    this.theme.setAttribute("aria-label", `Use the ${next} theme`);
    this.theme.title = `Use the ${next} theme`;
    fill(this.theme, icon(next === "dark" ? "moon" : "sun"));
  }

  #people(onPerson) {
    const { store } = this.#desk;
    return store.users.filter((user) => !user.is_bot).map((user) => ({
      label: user.real_name || user.name,
      hint: `@${user.name}${role(user)}`,
      lead: avatar(user, "medium"),
      checked: user.id === store.me.id,
      run: () => user.id !== store.me.id && onPerson(user.id),
    }));
  }

  #draw() {
    const { store } = this.#desk;
    const { me, app } = store;
    this.person.setAttribute("aria-label", `You are ${me.real_name || me.name}. Play another person`);
    fill(this.person, avatar(me), el("span", { class: "person-words" }, el("span", { class: "person-name" }, me.real_name || me.name), el("span", { class: "person-role" }, `@${me.name}${role(me)}`)), icon("chevron_down"));
    const rooms = store.channels.filter((channel) => channel.kind !== "im" && !(channel.is_archived && !channel.is_member));
    const mine = rooms.filter((channel) => channel.is_member).sort(byName);
    const others = rooms.filter((channel) => !channel.is_member).sort(byName);
    const people = store.channels.filter((channel) => channel.kind === "im" && channel.user !== app.bot_user && store.user(channel.user)).sort((one, other) => byName(store.user(one.user), store.user(other.user)));
    const add = el("button", { type: "button", class: "icon-button", "aria-label": "Create a channel", title: "Create a channel", onclick: () => openNewChannel(this.#desk) }, icon("plus"));
    const focused = document.activeElement?.closest?.(".sidebar-lists a")?.getAttribute("href");
    fill(this.lists,
      section("Apps", [this.#app()]),
      section("Channels", mine.map((channel) => this.#room(channel)), add),
      people.length > 0 && section("Direct messages", people.map((channel) => this.#direct(channel))),
      others.length > 0 && section("Not joined", others.map((channel) => this.#room(channel))));
    if (focused) this.lists.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus();
    this.#title();
  }

  #app() {
    const { store } = this.#desk;
    const channel = store.appChannel;
    const words = [el("span", { class: "item-name" }, store.app.name), el("span", { class: `presence ${store.app.connected ? "presence-on" : ""}`, title: store.app.connected ? "connected" : "not connected" }, el("span", { class: "visually-hidden" }, store.app.connected ? "connected" : "not connected"))];
    return this.#item(channel?.id ?? "app", el("span", { class: "avatar avatar-small avatar-app", "aria-hidden": "true" }, appPicture()), words);
  }

  #room(channel) {
    const lead = el("span", { class: "channel-mark" }, icon(channel.kind === "private" ? "lock" : "hash"));
    return this.#item(channel.id, lead, el("span", { class: channel.is_archived ? "item-name archived" : "item-name" }, channel.name));
  }

  #direct(channel) {
    const user = this.#desk.store.user(channel.user);
    return this.#item(channel.id, avatar(user, "small"), el("span", { class: "item-name" }, user.real_name || user.name));
  }

  #item(id, lead, words) {
    const unread = this.#desk.store.unread.get(id);
    const badge = unread?.count > 0 && el("span", { class: `badge${unread.direct ? " badge-direct" : ""}`, "aria-label": `${unread.count} unread` }, unread.count > 99 ? "99+" : unread.count);
    return el("li", {}, el("a", { class: `item${unread ? " unread" : ""}`, href: `#${id}`, "aria-current": id === this.#current ? "page" : null }, lead, words, badge));
  }

  #title() {
    const { store } = this.#desk;
    const total = [...store.unread.values()].reduce((sum, { count }) => sum + count, 0);
    const channel = store.channel(this.#current);
    const place = channel && (channel.kind === "im" ? (store.user(channel.user)?.real_name ?? store.app.name) : `#${channel.name}`);
    document.title = [total > 0 && `(${total > 99 ? "99+" : total})`, place, place && "·", "Sandbox workspace"].filter(Boolean).join(" ");
  }
}

function section(title, items, tool) {
  return el("section", { class: "sidebar-section", "aria-label": title }, el("header", {}, el("h2", {}, title), tool), el("ul", {}, items));
}

function byName(one, other) {
  return (one.real_name || one.name).localeCompare(other.real_name || other.name);
}

function role(user) {
  if (user.is_owner) return " · owner";
  return user.is_admin ? " · admin" : "";
}
