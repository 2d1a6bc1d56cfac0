// The socket to rtsep: comes back by itself, says what it has seen, and keeps nothing for later.

const VERSION = 1;
const SILENCE_MS = 2500; // without a frame for so long, nobody is there
const FIRST_MS = 250;
const LONGEST_MS = 5000;
const SEEN_EVERY = 3; // frames; after eight that nobody has seen, rtsep waits
const FLUSH_MS = 8;
const HEAD_BYTES = 8;

export class Link {
  // `told` gets what JSON says; `levels` an array of [peak, rms] in dB; `gone` why nobody is there.
  constructor({ told, levels, gone }) {
    this.told = told;
    this.levels = levels;
    this.gone = gone;
    this.tries = 0;
    this.newest = this.saidSeen = 0;
    this.frames = 0;
    this.moves = {};
    this.flushed = 0;
    setInterval(() => this.watch(), 500);
    document.addEventListener("visibilitychange", () => document.hidden || this.wake());
    window.addEventListener("online", () => this.wake());
    this.open();
  }

  get here() {
    return this.welcome && this.socket.readyState === WebSocket.OPEN;
  }

  // The newest position of each: the first at once, those of the same drawing with the next one.
  set(action, value) {
    this.moves[action] = value;
    if (performance.now() - this.flushed > FLUSH_MS) this.flush();
  }

  // Once for every drawing: what has moved meanwhile, and which frame is on the screen.
  flush() {
    if (!this.here) return;
    const message = { v: VERSION };
    if (Object.keys(this.moves).length) {
      message.set = this.moves;
      this.flushed = performance.now();
    }
    if (this.newest - this.saidSeen >= SEEN_EVERY) message.seen = this.saidSeen = this.newest;
    this.moves = {};
    if (message.set || message.seen) this.socket.send(JSON.stringify(message));
  }

  invite() {
    this.ask({ invite: true });
  }

  ask(parts) {
    if (this.here) this.socket.send(JSON.stringify({ v: VERSION, ...parts }));
  }

  open() {
    clearTimeout(this.retry);
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = (this.socket = new WebSocket(`${scheme}://${location.host}/socket`));
    socket.binaryType = "arraybuffer";
    this.heard = performance.now();
    this.welcome = false;
    this.newest = this.saidSeen = 0;
    socket.onmessage = (event) => this.hear(event.data);
    socket.onclose = (event) => this.lose(event.reason);
  }

  hear(data) {
    this.heard = performance.now();
    if (typeof data === "string") {
      const message = JSON.parse(data);
      if (message.hello) {
        this.welcome = true;
        this.tries = 0;
        this.moves = {}; // what was moved while nobody heard it is void
      }
      this.told(message);
    } else {
      this.frames += 1;
      const view = new DataView(data);
      this.newest = view.getUint32(4, true);
      const levels = [];
      for (let at = HEAD_BYTES; at + 4 <= data.byteLength; at += 4) {
        levels.push([view.getInt16(at, true) / 100, view.getInt16(at + 2, true) / 100]);
      }
      this.levels(levels);
    }
  }

  // A network that is gone says nothing, not even that.
  watch() {
    if (document.hidden) {
      this.heard = performance.now();
    } else if (this.welcome && performance.now() - this.heard > SILENCE_MS) {
      this.lose("");
    } else if (this.socket.readyState === WebSocket.CONNECTING
               && performance.now() - this.heard > LONGEST_MS) {
      this.lose("");
    }
  }

  wake() {
    this.heard = performance.now();
    if (this.socket.readyState > WebSocket.OPEN || !this.welcome) {
      this.tries = 0;
      this.drop();
      this.open();
    }
  }

  drop() {
    this.socket.onmessage = this.socket.onclose = null;
    this.socket.close();
    this.welcome = false;
  }

  async lose(reason) {
    this.drop();
    clearTimeout(this.retry);
    const wait = Math.min(FIRST_MS * 2 ** this.tries, LONGEST_MS) * (0.75 + 0.5 * Math.random());
    this.tries += 1;
    this.retry = setTimeout(() => this.open(), wait);
    this.gone(reason);
    if (!reason && (await this.isRefused())) {
      this.gone("this device is not let in: scan the code that rtsep shows in its terminal");
    }
  }

  // A socket does not say why it was refused, a page does.
  async isRefused() {
    try {
      return (await fetch("/page.css", { method: "HEAD", cache: "no-store" })).status === 403;
    } catch {
      return false;
    }
  }
}
