// A queue that outlives a crash: a file to which deliveries are appended, one JSON line each.
//
// A delivery is on the disk before it is acknowledged. The worker takes them from here in their
// order; after a crash the file is read again from its beginning, and the books are worked out anew.
import fs from "node:fs";

export class Journal {
  #file;
  #digests = new Set();
  #waiting = [];
  #wake = () => {};

  constructor(path) {
    this.#file = fs.openSync(path, "a+");
    const text = fs.readFileSync(path, "utf8");
    const whole = text.slice(0, text.lastIndexOf("\n") + 1);
    // What follows the last line's end was cut by a crash, before it was acknowledged.
    fs.ftruncateSync(this.#file, Buffer.byteLength(whole));
    for (const line of whole.split("\n")) if (line) this.#keep(JSON.parse(line));
  }

  // Keep a delivery once. A repeat is the same bytes again; (order, event) is no key, for two
  // partial refunds of one order share it.
  append(delivery) {
    if (this.#digests.has(delivery.digest)) return;
    fs.writeSync(this.#file, `${JSON.stringify(delivery)}\n`);
    fs.fsyncSync(this.#file);
    this.#keep(delivery);
    this.#wake();
  }

  #keep(delivery) {
    this.#digests.add(delivery.digest);
    this.#waiting.push(delivery);
  }

  // What is to be done, for ever.
  async *[Symbol.asyncIterator]() {
    for (;;) {
      while (this.#waiting.length > 0) yield this.#waiting.shift();
      await new Promise((resolve) => (this.#wake = resolve));
    }
  }
}
