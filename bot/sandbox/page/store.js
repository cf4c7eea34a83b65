// What the page knows: people, channels, messages, what is unread. Events and answers change it; views listen to topics.
//
//   topics   channels · feed:KEY (KEY is a channel, or CHANNEL/THREAD_TS) · home · app · meter · commands

import { Feed } from "./feed.js";

const PAGE = 100; // messages asked for at once

/** The key of a channel's or a thread's feed. */
export function feedKey(channel, thread) {
  return thread ? `${channel}/${thread}` : channel;
}

/** Whether a message belongs into its channel's own run of messages. */
function inChannel(message) {
  return !message.thread_ts || message.thread_ts === message.ts || message.subtype === "thread_broadcast";
}

/** One person's picture of the workspace. */
export class Store {
  #api;
  #reads;
  #listeners = new Map();
  #channels = new Map();
  #users = new Map();
  #feeds = new Map();
  /** What arrived while a page of its feed was on its way, by feed key: to be done once the page is there. */
  #waiting = new Map();
  /** The last load of each feed. One begins when the one before has ended: two at once would lose what arrives between them. */
  #loads = new Map();

  /** @type {Map<string, {count: number, direct: boolean}>} */
  unread = new Map();
  /** @type {Map<string, {per_minute: number, limited: boolean}>} */
  meters = new Map();
  /** Threads with replies that nobody has looked at, by feed key. */
  newReplies = new Set();
  home = null;

  /**
   * @param {import("./api.js").Api} api
   * @param {import("./reads.js").Reads} reads
   */
  constructor(api, reads) {
    this.#api = api;
    this.#reads = reads;
  }

  /** Takes what `/client/boot` says, the first time or again. */
  boot(data) {
    Object.assign(this, { workspace: data.workspace, me: data.me, app: data.app, commands: data.commands, shortcuts: data.shortcuts });
    this.#users = new Map(data.users.map((user) => [user.id, user]));
    this.#channels = new Map(data.channels.map((channel) => [channel.id, channel]));
    for (const channel of data.channels) {
      if (this.#reads.missed(channel.id, channel.last_ts ?? "0") && !this.unread.has(channel.id)) this.unread.set(channel.id, { count: 0, direct: channel.kind === "im" });
    }
    for (const topic of ["channels", "app", "commands"]) this.#tell(topic);
  }

  /**
   * @param {string} topic
   * @param {() => void} listener
   * @returns {() => void} ends the listening
   */
  on(topic, listener) {
    if (!this.#listeners.has(topic)) this.#listeners.set(topic, new Set());
    this.#listeners.get(topic).add(listener);
    return () => this.#listeners.get(topic).delete(listener);
  }

  #tell(topic) {
    for (const listener of this.#listeners.get(topic) ?? []) listener();
  }

  get users() {
    return [...this.#users.values()];
  }

  get channels() {
    return [...this.#channels.values()];
  }

  user(id) {
    return this.#users.get(id);
  }

  channel(id) {
    return this.#channels.get(id);
  }

  /** The conversation between this person and the app, if there is one. */
  get appChannel() {
    return this.channels.find((channel) => channel.kind === "im" && channel.user === this.app.bot_user);
  }

  feed(channel, thread) {
    const key = feedKey(channel, thread);
    if (!this.#feeds.has(key)) this.#feeds.set(key, new Feed());
    return this.#feeds.get(key);
  }

  /** Loads the newest page of a channel or thread. */
  load(channel, thread) {
    const key = feedKey(channel, thread);
    const next = () => this.#loadNow(key, channel, thread);
    const load = (this.#loads.get(key) ?? Promise.resolve()).then(next, next);
    this.#loads.set(key, load);
    return load;
  }

  async #loadNow(key, channel, thread) {
    this.#waiting.set(key, []);
    try {
      const { messages, has_more: hasMore } = await this.#api.get("history", { channel, thread_ts: thread, limit: PAGE });
      this.feed(channel, thread).refresh(messages, hasMore);
    } finally {
      const missed = this.#waiting.get(key);
      this.#waiting.delete(key);
      for (const catchUp of missed) catchUp();
      this.#tell(`feed:${key}`);
    }
  }

  /** Loads the page before the oldest message held. */
  async loadOlder(channel, thread) {
    const feed = this.feed(channel, thread);
    const before = feed.messages[0]?.ts;
    const { messages, has_more: hasMore } = await this.#api.get("history", { channel, thread_ts: thread, before, limit: PAGE });
    feed.prepend(messages, hasMore);
    this.#tell(`feed:${feedKey(channel, thread)}`);
  }

  /** Drops every feed but the given ones: after a gap in the stream they may have holes. */
  forgetFeeds(keys) {
    for (const key of this.#feeds.keys()) if (!keys.includes(key)) this.#feeds.delete(key);
  }

  /** Notes that everything in a channel has been seen. */
  read(channel) {
    this.#reads.note(channel, this.channel(channel)?.last_ts ?? "0");
    if (this.unread.delete(channel)) this.#tell("channels");
  }

  /** Up to which `ts` a channel has been seen, or null if never. */
  readUpTo(channel) {
    return this.#reads.upTo(channel);
  }

  /** Notes that a thread has been seen. */
  readThread(channel, thread) {
    if (this.newReplies.delete(feedKey(channel, thread))) this.#tell(`feed:${channel}`);
  }

  setHome(view) {
    this.home = view;
    this.#tell("home");
  }

  addChannel(channel) {
    this.#channels.set(channel.id, { ...this.#channels.get(channel.id), ...channel });
    this.#tell("channels");
  }

  /** Takes an event of the live socket. Those about modals and notices are not for the store. */
  apply(event) {
    switch (event.event) {
      case "message":
        return this.#arrived(event.message);
      case "ephemeral":
        return this.#arrived({ ...event.message, ephemeral: true });
      case "message_changed":
        return this.#changed(event.message);
      case "message_deleted":
        return this.#deleted(event.channel, event.ts);
      case "channel":
        return this.addChannel(event.channel);
      case "app":
        this.app = { ...this.app, connected: event.connected };
        return this.#tell("app");
      case "home":
        return this.setHome(event.view);
      case "meter":
        this.meters.set(event.channel, event);
        return this.#tell("meter");
      default:
        return undefined;
    }
  }

  #arrived(message) {
    const { channel: id, thread_ts: thread, user } = message;
    const channel = this.#channels.get(id);
    if (channel && !(channel.last_ts > message.ts) && inChannel(message)) channel.last_ts = message.ts;
    if (inChannel(message)) this.#keep(id, message);
    if (thread && thread !== message.ts) {
      this.#keep(feedKey(id, thread), message);
      this.#countReply(message);
    } else if (user !== this.me.id && (channel?.kind === "im" || channel?.is_member)) this.#countUnread(channel, message);
  }

  #keep(key, message) {
    const feed = this.#feeds.get(key);
    if (this.#waiting.has(key)) this.#waiting.get(key).push(() => this.#keep(key, message));
    else if (feed?.loaded) {
      feed.put(message);
      this.#tell(`feed:${key}`);
    }
  }

  /** A reply shows at its parent, also when the sandbox does not send the parent again. */
  #countReply(reply) {
    const { channel, thread_ts: thread } = reply;
    const parent = this.#feeds.get(channel)?.find(thread);
    if (reply.user !== this.me.id) {
      this.newReplies.add(feedKey(channel, thread));
      this.#tell(`feed:${channel}`);
    }
    if (!parent || reply.ephemeral || parent.latest_reply >= reply.ts) return;
    this.#keep(channel, { ...parent, thread_ts: thread, reply_count: (parent.reply_count ?? 0) + 1, latest_reply: reply.ts });
    this.#keep(feedKey(channel, thread), this.#feeds.get(channel).find(thread));
  }

  #countUnread(channel, message) {
    const before = this.unread.get(channel.id) ?? { count: 0, direct: false };
    const mention = channel.kind === "im" || JSON.stringify([message.text, message.blocks]).includes(`@${this.me.id}`);
    this.unread.set(channel.id, { count: before.count + 1, direct: before.direct || mention });
    this.#tell("channels");
  }

  #changed(message) {
    const thread = message.thread_ts;
    const keys = [message.channel, ...(thread ? [feedKey(message.channel, thread)] : [])];
    for (const key of keys) {
      const known = this.#feeds.get(key)?.find(message.ts);
      if (known || this.#waiting.has(key)) this.#keep(key, known?.ephemeral ? { ...message, ephemeral: true } : message);
    }
  }

  #deleted(channel, ts) {
    for (const [key, feed] of this.#feeds) {
      if (key !== channel && !key.startsWith(`${channel}/`)) continue;
      feed.remove(ts);
      this.#waiting.get(key)?.push(() => this.#feeds.get(key)?.remove(ts));
      this.#tell(`feed:${key}`);
    }
  }
}
