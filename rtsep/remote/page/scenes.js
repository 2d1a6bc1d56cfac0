// Scenes: a tap goes to one. To store, the store key comes first, and who would replace a scene is
// asked by it: only a second tap does, and none so soon that it may be a double one.

import { key, press } from "./strip.js";
import { make } from "./travel.js";

const ARMED_MS = 6000;
const SURE_MS = 500;

const at = (id) => document.getElementById(id);

export class Scenes {
  constructor(send, notice) {
    Object.assign(this, { send, notice });
    this.pads = new Map();
    this.filled = new Set();
    this.store = at("store");
    press(this.store, () => (this.armed ? this.disarm() : this.arm()));
    press(at("scenes-key"), () => this.open(!document.body.classList.contains("scenes-open")), "pointerup");
  }

  build(controls) {
    const numbers = controls.filter((one) => one.verb === "scene").map((one) => one.target);
    this.pads.clear();
    at("pads").replaceChildren();
    for (const number of numbers) {
      const button = key("", "pad", at("pads"));
      make("span", "sweep", button);
      make("span", "number", button, number);
      press(button, () => this.tap(number, button));
      this.pads.set(number, button);
    }
    this.disarm();
  }

  // Where they have no place of their own, they take that of a sheet.
  open(on) {
    if (on) this.onOpen();
    document.body.classList.toggle("scenes-open", on);
    at("scenes-key").setAttribute("aria-expanded", String(on));
    if (!on) this.disarm();
  }

  show(state) {
    if (state.scenes) this.filled = new Set(state.scenes.map(String));
    if (state.scene_fade !== undefined) {
      this.fade = state.scene_fade;
      at("fade").textContent = this.fade ? `${Number(this.fade.toFixed(1))} s` : "at once";
    }
    this.draw();
  }

  tap(number, button) {
    if (!this.armed) {
      this.send(`scene:${number}`, 1);
      if (this.filled.has(number)) this.sweep(button);
    } else if (!this.filled.has(number)) {
      this.keep(number);
    } else if (this.asked !== number) {
      this.ask(number);
    } else if (performance.now() - this.askedAt > SURE_MS) {
      this.keep(number);
    }
  }

  keep(number) {
    this.send(`store:${number}`, 1);
    this.disarm();
  }

  ask(number) {
    this.arm();
    this.asked = number;
    this.askedAt = performance.now();
    this.notice(`Scene ${number} is filled: tap it again to replace it`);
    this.draw();
  }

  arm() {
    clearTimeout(this.ends);
    this.ends = setTimeout(() => this.disarm(), ARMED_MS);
    this.armed = true;
    this.asked = undefined;
    this.draw();
  }

  disarm() {
    clearTimeout(this.ends);
    this.armed = false;
    this.asked = undefined;
    this.draw();
  }

  // As long as the faders glide.
  sweep(button) {
    const ways = [{ transform: "scaleX(0)", opacity: 1 }, { transform: "scaleX(1)", opacity: 1 },
                  { transform: "scaleX(1)", opacity: 0 }];
    button.querySelector(".sweep").animate(ways, { duration: 1000 * this.fade + 300 });
  }

  draw() {
    at("scenes").classList.toggle("armed", Boolean(this.armed));
    this.store.setAttribute("aria-pressed", String(Boolean(this.armed)));
    for (const [number, button] of this.pads) {
      const filled = this.filled.has(number);
      const asks = this.asked === number;
      button.classList.toggle("filled", filled);
      button.classList.toggle("asked", asks);
      button.querySelector(".number").textContent = asks ? `${number}?` : number;
      button.setAttribute("aria-label", asks ? `replace scene ${number}?` : this.name(number, filled));
    }
  }

  name(number, filled) {
    if (this.armed) return `store as scene ${number}${filled ? ", which is filled" : ""}`;
    return `scene ${number}${filled ? "" : ", empty"}`;
  }
}
