// A channel: name, gain, fader beside its meter, mute and solo. One finger each, all at once.

import { PLAIN, Scale, height } from "./scale.js";

const DETENT = 0.012; // of the travel, around 0 dB
const STEP = 0.02; // of a key
const FALL_PER_SECOND = 1.2; // of a meter's height
const HOLD_MS = 1200;
const OVER_MS = 2000;

export function make(tag, className, parent, text = "") {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  parent?.append(made);
  return made;
}

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

export class Fader {
  constructor(control, name, parent, send) {
    this.control = control;
    this.send = send;
    this.scale = control.scale ? new Scale(control.scale) : PLAIN;
    this.gain = make("button", "db", parent);
    this.gain.type = "button";
    this.root = make("div", "fader", parent);
    this.meter = new Meter(this.root);
    make("div", "rail", this.root);
    this.run = make("div", "run", this.root);
    if (this.scale.unity !== null) {
      make("div", "unity", this.run).style.top = `${100 * (1 - this.scale.unity)}%`;
      this.gain.setAttribute("aria-label", `${name} to 0 dB`);
      press(this.gain, () => this.move(this.scale.unity));
    }
    this.knob = make("div", "knob", this.run);
    this.describe(name);
    this.listen();
    this.show(0);
  }

  describe(name) {
    const facts = { role: "slider", tabindex: 0, "aria-label": name, "aria-orientation": "vertical",
                    "aria-valuemin": 0, "aria-valuemax": 100 };
    for (const [key, value] of Object.entries(facts)) this.root.setAttribute(key, value);
  }

  // A finger moves the knob from where it is: a touch alone changes no sound.
  listen() {
    this.root.addEventListener("pointerdown", (event) => {
      if (this.pointer !== undefined || event.button !== 0) return;
      this.pointer = event.pointerId;
      this.root.setPointerCapture(event.pointerId);
      this.root.classList.add("held");
      this.length = this.run.clientHeight;
      this.finger = event.clientY;
      this.raw = this.travel;
    });
    // The raw ones come up to two drawings earlier, where the browser trusts the way.
    for (const moves of ["pointerrawupdate", "pointermove"]) {
      this.root.addEventListener(moves, (event) => this.follow(event));
    }
    for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) {
      this.root.addEventListener(end, (event) => {
        if (event.pointerId !== this.pointer) return;
        this.pointer = undefined;
        this.root.classList.remove("held");
        if (this.missed !== undefined) this.show(this.missed);
      });
    }
    this.root.addEventListener("keydown", (event) => {
      const by = { ArrowUp: STEP, ArrowRight: STEP, ArrowDown: -STEP, ArrowLeft: -STEP }[event.key];
      const to = { Home: 0, End: 1 }[event.key] ?? (by && this.travel + by);
      if (to === undefined) return;
      event.preventDefault();
      this.move(Math.min(Math.max(to, 0), 1));
    });
  }

  follow(event) {
    if (event.pointerId !== this.pointer) return;
    this.raw += (this.finger - event.clientY) / this.length;
    this.raw = Math.min(Math.max(this.raw, 0), 1);
    this.finger = event.clientY;
    const unity = this.scale.unity;
    this.move(unity !== null && Math.abs(this.raw - unity) < DETENT ? unity : this.raw);
  }

  // With the own hand.
  move(travel) {
    if (travel === this.travel) return;
    this.missed = undefined;
    this.show(travel);
    this.send(this.control.action, travel);
  }

  // As the desk says; under a finger, when that lets go.
  hear(travel) {
    if (this.pointer === undefined) this.show(travel);
    else this.missed = travel;
  }

  show(travel) {
    this.travel = travel;
    this.missed = undefined;
    this.knob.style.transform = `translateY(${100 * (1 - travel)}%)`;
    this.gain.textContent = this.scale.text(travel);
    this.root.setAttribute("aria-valuenow", Math.round(100 * travel));
    this.root.setAttribute("aria-valuetext", this.gain.textContent);
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
    this.root = make("article", "strip", parent);
    this.root.classList.toggle("master", name === "master");
    this.root.setAttribute("aria-label", name);
    make("h2", "", this.root, name);
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
