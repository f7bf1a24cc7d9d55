// What is known of a list: read from its newest record down, page by page, and growing at its head as records arrive.
import { api, path } from "./api.js";

const pageSize = 60;
const most = 400; // records that are kept while new ones push older ones out

export class Feed {
  items = []; // newest first
  fresh = []; // that arrived and are not among the items yet, newest first
  next = null; // the seq to go on from; null at the end
  #most = most;
  #newest = 0; // seq
  #gap = false; // between what is fresh and the items
  #left = new AbortController();

  // A feed reads parts, below the API, with parameters. With chosen the server decides what belongs to it.
  constructor(parts, parameters, chosen) {
    Object.assign(this, { parts, parameters, chosen });
  }

  // waiting says how many are fresh.
  get waiting() { return this.#gap ? `${this.fresh.length}+` : this.fresh.length; }

  // leave gives up what is being read.
  leave() { this.#left.abort(); }

  get left() { return this.#left.signal.aborted; }

  // load reads the newest page.
  async load() {
    const signal = this.#left.signal;
    if (this.chosen) this.#newest = (await api(path(this.parts, { limit: 1 }), undefined, "GET", signal)).items[0]?.seq ?? 0;
    await this.#read(undefined, () => {});
    this.#newest = Math.max(this.#newest, this.items[0]?.seq ?? 0);
  }

  // older reads the next page. A page may come empty, as searching takes the server long: then it goes on, and says how far
  // it is.
  async older(say) {
    this.#most += pageSize;
    await this.#read(this.next, say);
  }

  async #read(before, say) {
    for (let found = 0; ;) {
      const page = await api(path(this.parts, { ...this.parameters, limit: pageSize, before }), undefined, "GET", this.#left.signal);
      this.items.push(...page.items.filter((r) => !this.#has(r))); // some may have come by the stream meanwhile
      this.next = page.next;
      found += page.items.length;
      if (found || page.next === null) return;
      before = page.next;
      say(before);
    }
  }

  // arrive takes records of the stream, oldest first, and returns those that belong here and are new. A record that came before
  // takes the place of what was known of it; one that is not read yet is read later.
  async arrive(records) {
    const after = this.#newest;
    let found = records.filter((r) => !this.#replaced(r) && r.seq > after);
    this.#newest = found.reduce((newest, r) => Math.max(newest, r.seq), after);
    if (this.chosen && found.length) found = (await this.#after(after)).filter((r) => !this.#has(r));
    this.fresh.unshift(...found.toReversed());
    if (this.fresh.length > most) {
      this.fresh.length = most;
      this.#gap = true;
    }
    return found;
  }

  // after returns what belongs here and is newer than a seq, oldest first.
  async #after(seq) {
    const found = [];
    for (let before; found.length < most;) {
      const page = await api(path(this.parts, { ...this.parameters, limit: 200, after: seq, before }), undefined, "GET", this.#left.signal);
      found.push(...page.items);
      if (page.next === null) break;
      before = page.next;
    }
    return found.reverse();
  }

  // show puts what arrived among the items.
  show() {
    if (this.#gap) this.items = this.fresh; // those between are read with older
    else this.items.unshift(...this.fresh);
    if (this.#gap) this.next = this.items.at(-1).seq;
    this.fresh = [];
    this.#gap = false;
    if (this.items.length > this.#most) {
      this.items.length = this.#most;
      this.next = this.items.at(-1).seq;
    }
  }

  // remove drops the records that the server does not hold any more, and says whether there were any.
  remove({ bin, seqs = [], up_to = 0 }) {
    const before = this.items.length + this.fresh.length;
    const stays = (r) => !seqs.includes(r.seq) && !(r.bin === bin && r.seq <= up_to);
    this.items = this.items.filter(stays);
    this.fresh = this.fresh.filter(stays);
    return before > this.items.length + this.fresh.length;
  }

  #has(record) { return [...this.fresh, ...this.items].some((r) => r.id === record.id); }

  // replaced puts a record in the place of an older state of it.
  #replaced(record) {
    for (const list of [this.items, this.fresh]) {
      const at = list.findIndex((r) => r.id === record.id);
      if (at < 0) continue;
      list[at] = record;
      return true;
    }
    return false;
  }
}
