// The app's Home tab.
// docs.slack.dev/surfaces/app-home

import { drawBlocks } from "./blocks.js";
import { el, fill, oncePerFrame } from "./dom.js";
import { Form } from "./form.js";
import { appPicture } from "./icons.js";
import { sayRefused } from "./refusal.js";
import { homeSurface } from "./surface.js";

/** The view that the app has published for this person. */
export class Home {
  #desk;
  #form = new Form();
  #stop;

  constructor(desk) {
    this.#desk = desk;
    this.body = el("div", { class: "home-body" });
    this.root = el("div", { class: "home", tabindex: 0, role: "region", "aria-label": "Home" }, this.body);
    this.#stop = desk.store.on("home", oncePerFrame(() => this.#draw()));
    this.#draw();
  }

  /** Loads what is published and tells the app that its Home was opened. */
  async start() {
    await this.refresh();
    try {
      await this.#desk.api.post("home", { tab: "home" });
    } catch (error) {
      sayRefused(this.#desk, "The app was not told that its Home is open", error);
    }
  }

  async refresh() {
    try {
      const { store } = this.#desk;
      const before = store.home;
      const { view } = await this.#desk.api.get("home");
      if (store.home === before) store.setHome(view); // else a newer one has come by the live socket meanwhile
    } catch (error) {
      sayRefused(this.#desk, "Home could not be loaded", error);
    }
  }

  end() {
    this.#stop();
  }

  #draw() {
    const view = this.#desk.store.home;
    if (view) return fill(this.body, drawBlocks(view.blocks, homeSurface(this.#desk, view, this.#form)));
    const { name, connected } = this.#desk.store.app;
    return fill(this.body, el("div", { class: "empty" }, el("span", { class: "avatar avatar-large avatar-app", "aria-hidden": "true" }, appPicture()),
      el("h3", {}, `${name} has no Home yet`),
      el("p", {}, connected ? "The app has been told that you are here; what it publishes appears at once." : "The app is not connected. Start it, and open this tab again.")));
  }
}
