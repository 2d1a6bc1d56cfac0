// A channel: name, gain, fader beside its meter, mute and solo. One finger each, all at once.

import { height } from "./scale.js";
import { Travel, make } from "./travel.js";

const DETENT = 0.012; // of the travel, around 0 dB
const FALL_PER_SECOND = 1.2; // of a meter's height
const HOLD_MS = 1200;
const OVER_MS = 2000;

// A key of the desk answers when it is touched: browsers make no click of a touch beside another one,
// nor of one right after a flick. What opens something answers when the finger is up again, or that
// would lie under it. A click that no finger made (its detail is 0) comes from a keyboard.
export function press(button, act, when = "pointerdown") {
  button.addEventListener(when, (event) => event.button === 0 && act());
  button.addEventListener("click", (event) => event.detail === 0 && act());
  // No click behind it; after a flick there is none to prevent.
  button.addEventListener("touchend", (event) => event.cancelable && event.preventDefault());
}

// A key in a sheet, which a finger may also want to scroll.
export function click(button, act) {
  button.addEventListener("click", act);
}

export class Fader extends Travel {
  constructor(control, name, parent, send) {
    const gain = make("button", "db", parent);
    gain.type = "button";
    super(control, name, make("div", "fader", parent), gain, send, { upright: true, detent: DETENT });
    this.meter = new Meter(this.root);
    make("div", "rail", this.root);
    this.root.append(this.run); // over the meter
    make("div", "unity", this.run).style.top = `${100 * (1 - this.rest)}%`;
    press(gain, () => this.move(this.rest));
    this.knob = make("div", "knob", this.run);
    this.show(0);
  }

  draw() {
    this.knob.style.transform = `translateY(${100 * (1 - this.travel)}%)`;
  }
}

// Rises at once and falls smoothly, however unevenly the network brings levels.
class Meter {
  constructor(parent) {
    const meter = make("div", "meter", parent);
    this.dim = make("div", "dim", meter); // above RMS
    this.cover = make("div", "cover", meter); // above the peak
    this.hold = make("div", "hold", meter);
    this.over = make("div", "over", parent);
    this.level = [-120, -120];
    this.peak = this.rms = this.top = 0;
    this.topUntil = this.overUntil = 0;
  }

  draw(now, seconds) {
    const [peak, rms] = this.level.map(height);
    const fall = FALL_PER_SECOND * seconds;
    this.peak = Math.max(peak, this.peak - fall);
    this.rms = Math.max(rms, this.rms - fall);
    if (this.peak >= this.top) {
      this.top = this.peak;
      this.topUntil = now + HOLD_MS;
    } else if (now > this.topUntil) {
      this.top = Math.max(this.peak, this.top - fall);
    }
    if (this.level[0] > 0) this.overUntil = now + OVER_MS;
    this.dim.style.transform = `scaleY(${1 - this.rms})`;
    this.cover.style.transform = `scaleY(${1 - this.peak})`;
    this.hold.style.transform = `translateY(${this.top ? 100 * (1 - this.top) : 110}%)`;
    const over = now < this.overUntil;
    if (over !== this.isOver) this.over.classList.toggle("on", (this.isOver = over));
  }
}

export class Switch {
  constructor(button, action, send, listen = press) {
    this.button = button;
    this.action = action;
    this.send = send;
    listen(button, () => this.press());
  }

  get on() {
    return this.button.getAttribute("aria-pressed") === "true";
  }

  press() {
    const on = !this.on;
    this.show(on);
    this.send(this.action, Number(on));
  }

  hear(on) {
    this.show(on);
  }

  show(on) {
    this.button.setAttribute("aria-pressed", String(Boolean(on)));
    this.seen?.();
  }
}

export function key(text, className, parent) {
  const button = make("button", `key ${className}`, parent, text);
  button.type = "button";
  return button;
}

// `switches` are controls that get a lamp below the fader.
const WORDS = { bypass: "A/B", limiter: "limit" };

export class Strip {
  constructor(name, fader, switches, parent, send) {
    this.name = name;
    this.place = parent.childElementCount;
    this.root = make("article", "strip", parent);
    this.root.classList.toggle("master", name === "master");
    this.root.setAttribute("aria-label", name);
    this.button = make("button", "name", make("h2", "", this.root)); // opens its sheet
    this.button.type = "button";
    make("span", "text", this.button, name);
    this.fader = new Fader(fader, name, this.root, send);
    const lamps = make("div", "lamps", this.root);
    this.switches = switches.map((control) => {
      const button = key(WORDS[control.verb] ?? control.verb, control.verb, lamps);
      button.setAttribute("aria-label", control.target ? `${control.verb} ${name}` : control.help);
      button.setAttribute("aria-pressed", "false");
      return new Switch(button, control.action, send);
    });
  }
}
