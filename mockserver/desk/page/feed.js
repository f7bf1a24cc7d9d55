// What is known of a list: read from its newest record down, page by page, and growing at its head as records arrive.
import { api, path } from "/page/api.js";

const pageSize = 60;
const most = 400; // records that are kept while new ones push older ones out

export class Feed {
  items = []; // newest first
  fresh = []; // that arrived and are not among the items yet, newest first
  next = null; // the seq to go on from; null at the end
  #most = most;
  #newest = 0; // seq
  #left = new AbortController();

  // A feed reads parts, below the API, with parameters. With chosen the server decides what belongs to it.
  constructor(parts, parameters, chosen) {
    Object.assign(this, { parts, parameters, chosen });
  }

  // leave gives up what is being read.
  leave() { this.#left.abort(); }

  get left() { return this.#left.signal.aborted; }

  // load reads the newest page.
  async load() {
    this.items = [];
    this.fresh = [];
    this.#most = most;
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
      this.items.push(...page.items);
      this.next = page.next;
      found += page.items.length;
      if (found || page.next === null) return;
      before = page.next;
      say(before);
    }
  }

  // arrive takes records of the stream, oldest first, and returns those that belong here and are new.
  async arrive(records) {
    let found = records.filter((r) => !this.#replaced(r));
    if (this.chosen && found.length) {
      const after = this.#newest;
      this.#newest = Math.max(...found.map((r) => r.seq), after);
      found = (await api(path(this.parts, { ...this.parameters, limit: 300, after }), undefined, "GET", this.#left.signal)).items.reverse();
      found = found.filter((r) => !this.#has(r));
    }
    this.fresh.unshift(...found.toReversed());
    return found;
  }

  // show puts what arrived among the items.
  show() {
    this.items.unshift(...this.fresh);
    this.fresh = [];
    if (this.items.length > this.#most) {
      this.items.length = this.#most;
      this.next = this.items.at(-1).seq;
    }
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
