// One request per look: what every section in sight asks, of the same drawing. While one look is
// under way, only the newest of those asked for waits.

import { say } from "./text.js";

const RETRY_MS = 2000;
const SLOW_MS = 1500; // later than this, what is on the page may be out of date

export class Looks {
  // common(): what the asks of a look share; busy(±1): work begins, ends; stale(text or ""): the
  // page shows an older drawing, because of this.
  constructor(ask, common, busy, stale) {
    Object.assign(this, { ask, common, busy, stale, wanted: new Set(), running: false, timer: null });
  }

  refresh(...sections) {
    for (const section of sections) this.wanted.add(section);
    if (!this.running) this.run();
  }

  async run() {
    clearTimeout(this.timer);
    this.running = true;
    this.busy(+1);
    while (this.wanted.size && !this.ended) {
      const sections = [...this.wanted];
      this.wanted.clear();
      try {
        await this.look(sections);
        this.stale("");
      } catch (error) {
        this.stale(error.message);
        if (error.again) { // nobody answered: the same is asked again, until somebody does
          for (const section of sections) this.wanted.add(section);
          this.timer = setTimeout(() => this.run(), RETRY_MS);
          break;
        }
      }
    }
    this.running = false;
    this.busy(-1);
  }

  async look(sections) {
    const parts = sections.map((section) => section.asks());
    const asks = parts.flat();
    const late = setTimeout(() => this.stale(say("waiting")), SLOW_MS);
    let reply = { replies: [] };
    try {
      if (asks.length) reply = await this.ask({ op: "look", ...this.common(), asks });
    } finally {
      clearTimeout(late);
    }
    if (reply.error) throw new Error(reply.error);
    if (this.ended) return;
    sections.forEach((section, i) => section.show(...reply.replies.splice(0, parts[i].length)));
  }

  end() {
    this.ended = true;
    clearTimeout(this.timer);
  }
}
