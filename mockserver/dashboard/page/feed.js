// The records of a list. A feed reads them page by page, newest first, and adds new ones at the
// head.
import { api, path } from "./api.js";

const pageSize = 60;
const most = 400; // records to keep when new ones arrive

export class Feed {
  items = []; // newest first
  fresh = []; // new records that are not in items yet, newest first
  next = null; // the seq where the next page starts; null at the end
  #most = most;
  #newest = 0; // seq
  #gap = false; // whether records are missing between fresh and items
  #left = new AbortController();

  // A feed reads the API path parts with parameters. If selective, the server selects new records
  // too.
  constructor(parts, parameters, selective) {
    Object.assign(this, { parts, parameters, selective });
  }

  // waiting returns the number of fresh records.
  get waiting() { return this.#gap ? `${this.fresh.length}+` : this.fresh.length; }

  // leave cancels all reads.
  leave() { this.#left.abort(); }

  get left() { return this.#left.signal.aborted; }

  // load reads the newest page.
  async load() {
    const signal = this.#left.signal;
    if (this.selective) this.#newest = (await api(path(this.parts, { limit: 1 }), undefined, "GET", signal)).items[0]?.seq ?? 0;
    await this.#read(undefined, () => {});
    this.#newest = Math.max(this.#newest, this.items[0]?.seq ?? 0);
  }

  // older reads the next page. During a long search the server returns empty pages: then older
  // calls progress with the position and continues.
  async older(progress) {
    this.#most += pageSize;
    await this.#read(this.next, progress);
  }

  async #read(before, progress) {
    for (let found = 0; ;) {
      const page = await api(path(this.parts, { ...this.parameters, limit: pageSize, before }), undefined, "GET", this.#left.signal);
      // The stream may have sent some of them.
      this.items.push(...page.items.filter((r) => !this.#has(r)));
      this.next = page.next;
      found += page.items.length;
      if (found || page.next === null) return;
      before = page.next;
      progress(before);
    }
  }

  // arrive takes records of the stream, oldest first, and returns the new ones of this list. A
  // known record replaces its older state. An older record that is not loaded is left to older.
  async arrive(records) {
    const after = this.#newest;
    let found = records.filter((r) => !this.#replaced(r) && r.seq > after);
    this.#newest = found.reduce((newest, r) => Math.max(newest, r.seq), after);
    if (this.selective && found.length) found = (await this.#after(after)).filter((r) => !this.#has(r));
    this.fresh.unshift(...found.toReversed());
    if (this.fresh.length > most) {
      this.fresh.length = most;
      this.#gap = true;
    }
    return found;
  }

  // after returns the records of this list that are newer than a seq, oldest first.
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

  // show moves the fresh records to the items.
  show() {
    if (this.#gap) this.items = this.fresh; // older reads the missing ones
    else this.items.unshift(...this.fresh);
    if (this.#gap) this.next = this.items.at(-1).seq;
    this.fresh = [];
    this.#gap = false;
    if (this.items.length > this.#most) {
      this.items.length = this.#most;
      this.next = this.items.at(-1).seq;
    }
  }

  // remove removes records that the server has deleted, and reports whether there were any.
  remove({ bin, seqs = [], up_to = 0 }) {
    const before = this.items.length + this.fresh.length;
    const stays = (r) => !seqs.includes(r.seq) && !(r.bin === bin && r.seq <= up_to);
    this.items = this.items.filter(stays);
    this.fresh = this.fresh.filter(stays);
    return before > this.items.length + this.fresh.length;
  }

  #has(record) { return [...this.fresh, ...this.items].some((r) => r.id === record.id); }

  // replaced replaces the older state of a record, and reports whether there is one.
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
