// What a sheet is made of: faders on their side, each with the switch that belongs to it.

import { Switch, key, press } from "./strip.js";
import { Travel, make } from "./travel.js";

const DETENT = 0.03; // of the travel: a centre that a finger finds
const TAP_MS = 300; // that a tap lasts at most, and from one to the next
const TAP_PX = 12; // that a finger moves in it

class Slide extends Travel {
  constructor(control, name, parent, send) {
    const root = make("div", "slide", parent);
    const figure = make("button", "figure-key", parent);
    figure.type = "button";
    figure.classList.toggle("worded", Boolean(control.words));
    super(control, name, root, figure, send, { upright: false, detent: DETENT });
    make("div", "rail", this.run);
    this.fill = make("div", "fill", this.run);
    make("div", "centre", this.run).style.left = `${100 * this.rest}%`;
    this.cap = make("div", "cap", this.run);
    press(figure, () => this.move(this.rest));
    this.show(this.rest);
  }

  take(event) {
    super.take(event);
    this.touch = { at: event.timeStamp, x: event.clientX, y: event.clientY };
  }

  // Twice without having moved: back to where it rests.
  letGo(event) {
    super.letGo(event);
    if (event?.type !== "pointerup") return;
    const { at, x, y } = this.touch;
    const isTap = event.timeStamp - at < TAP_MS && Math.hypot(event.clientX - x, event.clientY - y) < TAP_PX;
    if (isTap && at - this.tapped < TAP_MS) this.move(this.rest);
    this.tapped = isTap ? event.timeStamp : undefined;
  }

  draw() {
    this.cap.style.transform = `translateX(${100 * this.travel}%)`;
    this.fill.style.transform = `translateX(${100 * this.rest}%) scaleX(${this.travel - this.rest})`;
  }

  // From -1 to 1: how far from where it rests.
  get turned() {
    const away = this.travel - this.rest;
    return away / (away > 0 ? 1 - this.rest : this.rest || 1);
  }
}

export class Row {
  // `lamp` is the control of its switch, if it has one; `name` says whose it is.
  constructor({ fader, lamp, word, name }, parent, send, parts) {
    this.word = word;
    this.root = make("div", "row", parent);
    if (lamp) {
      const button = key(word, lamp.verb, this.root);
      make("small", "", button, lamp.verb.split("-")[0]);
      button.setAttribute("aria-label", `${lamp.verb.replaceAll("-", " ")} ${name}`);
      this.lamp = parts[lamp.action] = new Switch(button, lamp.action, send);
    } else {
      make("span", "word", this.root, word);
    }
    this.slide = parts[fader.action] = new Slide(fader, `${name} ${fader.verb.replaceAll("-", " ")}`.trim(), this.root, send);
    this.lamp?.show(false);
  }

  get killed() {
    return Boolean(this.lamp?.on);
  }

  // What a strip says of it, nothing where it rests.
  get told() {
    if (this.killed) return `${this.word} ${this.lamp.action.split("-")[0]}`;
    return this.slide.rests ? "" : `${this.word} ${this.slide.text}`;
  }

  // `seen` hears of every change.
  watch(seen) {
    this.slide.seen = seen;
    if (this.lamp) {
      this.lamp.seen = () => {
        this.root.classList.toggle("killed", this.lamp.on);
        seen();
      };
    }
  }
}

// Faders with the switch of the same ending (eq-low, kill-low), and what is left of the switches.
export function paired(controls) {
  const ending = (control) => control.verb.split("-").slice(1).join("-");
  const switches = controls.filter((one) => one.kind === "switch");
  const bands = [];
  const others = [];
  for (const fader of controls.filter((one) => one.kind === "fader")) {
    const lamp = ending(fader) && switches.find((one) => ending(one) === ending(fader));
    if (lamp) bands.push({ fader, lamp, word: ending(fader).replaceAll("-", " ") });
    else others.push({ fader });
  }
  return { bands, others, switches: switches.filter((one) => !bands.some(({ lamp }) => lamp === one)) };
}
