// The page's one entry: loads the workspace, lays out the parts, follows the address, and passes live events on.
//
//   address   #CHANNEL · #CHANNEL/THREAD_TS · #app or #app/messages (the app's Home and conversation)
//   person    ?user=U in the address, so that each tab can be someone else

import { Api } from "./api.js";
import { Conversation } from "./conversation.js";
import { el, fill } from "./dom.js";
import { Home } from "./home.js";
import { icon } from "./icons.js";
import { Live } from "./live.js";
import { Modals } from "./modal.js";
import { Reads } from "./reads.js";
import { sayRefused } from "./refusal.js";
import { Sidebar } from "./sidebar.js";
import { feedKey, Store } from "./store.js";
import { Thread } from "./thread.js";
import { Toasts } from "./toasts.js";

const AGAIN = 1000; // ms between tries while the sandbox does not answer

const part = (id) => document.getElementById(id);
const shell = part("app");

/** Everything that belongs to one person; choosing another builds it anew. */
class Page {
  #live;
  #modals;
  #sidebar;
  #main = null;
  #thread = null;

  constructor(api, boot) {
    const store = new Store(api, new Reads(boot.workspace.id, boot.me.id));
    store.boot(boot);
    this.api = api;
    this.store = store;
    this.toasts = new Toasts(part("toasts"));
    this.names = {
      user: (id) => {
        const user = store.user(id);
        return { name: user?.real_name || user?.name, me: id === store.me.id };
      },
      channel: (id) => ({ name: store.channel(id)?.name }),
    };
    this.#modals = new Modals(this);
    this.#sidebar = new Sidebar(this, part("sidebar"), playAs);
    this.route();
    this.#live = new Live(api.liveAddress, (event) => this.#take(event), (status, again) => this.#status(status, again));
  }

  /** The channel that is shown. */
  get current() {
    return this.shown?.channel;
  }

  /** Shows a channel, or with `rest` a thread or tab of it. */
  go(channel, rest) {
    location.hash = rest ? `${channel}/${rest}` : channel;
  }

  /** Shows what the address says. */
  route() {
    const [wanted, rest] = decodeURIComponent(location.hash.slice(1)).split("/");
    const app = this.store.appChannel?.id ?? "app";
    const channel = wanted === "app" ? app : (this.store.channel(wanted)?.id ?? this.#first());
    const isApp = channel === app;
    const tab = isApp ? (rest === "messages" || (rest && rest !== "home") ? "messages" : "home") : null;
    const thread = rest && !["home", "messages"].includes(rest) ? rest : null;
    if (this.shown?.channel !== channel || this.shown?.tab !== tab) this.#showMain(channel, tab);
    if (this.shown.thread !== thread) this.#showThread(channel, thread);
    this.shown = { channel, tab, thread };
    delete shell.dataset.drawer;
  }

  end() {
    this.#live.end();
    this.#modals.end();
    this.#main?.end();
    this.#thread?.end();
  }

  #first() {
    const mine = this.store.channels.filter((channel) => channel.is_member && channel.kind !== "im" && !channel.is_archived);
    const latest = mine.sort((one, other) => ((one.last_ts ?? "") < (other.last_ts ?? "") ? 1 : -1))[0];
    return (latest ?? this.store.channels[0])?.id ?? "app";
  }

  #showMain(channel, tab) {
    this.#main?.end();
    this.#showThread(channel, null);
    this.shown = { channel, tab, thread: null };
    this.#main = tab === "home" ? new Home(this) : new Conversation(this, channel);
    fill(part("topbar"),
      el("button", { type: "button", class: "icon-button drawer-button", "aria-label": "Show channels", onclick: () => (shell.dataset.drawer = "open") }, icon("menu")),
      tab === null ? this.#main.head : this.#tabs(channel, tab));
    fill(part("main-body"), this.#main.root);
    this.#sidebar.setCurrent(channel);
    if (tab === "messages") this.#tellTab("messages");
    this.#main.start();
  }

  #tabs(channel, tab) {
    const link = (name, words) => el("a", { class: "tab", href: `#${channel}/${name}`, "aria-current": name === tab ? "page" : null }, words);
    return el("div", { class: "conversation-head" }, el("div", { class: "head-words" }, el("h2", {}, this.store.app.name)),
      el("nav", { class: "tabs", "aria-label": "App" }, link("home", "Home"), link("messages", "Messages")));
  }

  #tellTab(tab) {
    this.api.post("home", { tab }).catch((error) => sayRefused(this, "The app was not told which tab is open", error));
  }

  #showThread(channel, ts) {
    this.#thread?.end();
    this.#thread = ts ? new Thread(this, { channel, ts }, () => this.go(channel)) : null;
    part("thread").hidden = !ts;
    shell.classList.toggle("with-thread", Boolean(ts));
    fill(part("thread"), this.#thread?.root);
    this.#thread?.start();
  }

  #take(event) {
    if (event.event === "view") this.#modals.apply(event);
    else if (event.event === "notice") this.toasts.show(event.level, event.text);
    else this.store.apply(event);
  }

  #status(status, again) {
    this.#sidebar.setStatus(status);
    part("offline").hidden = status !== "waiting";
    if (status === "live") this.#catchUp(again);
  }

  /** Fetches what happened while no socket was open: between loading and connecting, or during a cut. */
  async #catchUp(again) {
    try {
      if (again) this.store.boot(await this.api.get("boot"));
      const { channel, tab, thread } = this.shown;
      this.store.forgetFeeds([feedKey(channel), feedKey(channel, thread)]);
      await Promise.all([this.#main.refresh(), this.#thread?.refresh()]);
      if (again && tab === "home") await this.api.post("home", { tab });
    } catch (error) {
      sayRefused(this, "The page could not catch up", error);
    }
  }
}

let page = null; // the person being played; module scope, not global

/** Plays another person, in this tab. */
async function playAs(user) {
  const address = new URL(location.href);
  if (user) address.searchParams.set("user", user);
  address.hash = "";
  history.replaceState(null, "", address);
  await start(user);
}

async function start(user) {
  page?.end();
  page = null;
  shell.classList.add("booting");
  const boot = await firstAnswer(new Api(user));
  fill(part("offline"), el("span", {}, "The live connection is cut. Trying again…"));
  part("offline").hidden = true;
  page = new Page(new Api(boot.me.id), boot);
  shell.classList.remove("booting");
}

/** Asks until the sandbox answers; a person it does not know becomes its first. */
async function firstAnswer(api) {
  for (;;) {
    try {
      return await api.get("boot");
    } catch (error) {
      if (error.code === undefined) throw error;
      if (error.code !== "unreachable" && api.user !== null) return firstAnswer(new Api(null));
      fill(part("offline"), el("span", {}, "The sandbox does not answer. Trying again…"));
      part("offline").hidden = false;
      await new Promise((resolve) => setTimeout(resolve, AGAIN));
    }
  }
}

addEventListener("hashchange", () => page?.route());
part("scrim").addEventListener("click", () => delete shell.dataset.drawer);
start(new URLSearchParams(location.search).get("user"));
