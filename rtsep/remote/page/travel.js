// What is moved between 0 and 1 by a finger, a mouse or keys. One pointer each, all at once.

import { scaleOf } from "./scale.js";

const STEP = 0.02; // of a key

export function make(tag, className, parent, text = "") {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  parent?.append(made);
  return made;
}

export class Travel {
  // `root` is what a finger meets, `figure` shows where it stands and goes to where that rests.
  constructor(control, name, root, figure, send, { upright, detent }) {
    Object.assign(this, { control, root, figure, send, upright, detent });
    this.scale = scaleOf(control);
    this.rest = control.rest;
    const facts = { role: "slider", tabindex: 0, "aria-label": name, "aria-valuemin": 0, "aria-valuemax": 100,
                    "aria-orientation": upright ? "vertical" : "horizontal" };
    for (const [key, value] of Object.entries(facts)) root.setAttribute(key, value);
    figure.setAttribute("aria-label", `${name} to ${this.scale.text(this.rest)}`);
    this.run = make("div", "run", root);
    this.listen();
  }

  listen() {
    this.root.addEventListener("pointerdown", (event) => {
      if (this.pointer === undefined && event.button === 0) this.take(event);
    });
    // The raw ones come up to two drawings earlier, where the browser trusts the way.
    for (const moves of ["pointerrawupdate", "pointermove"]) {
      this.root.addEventListener(moves, (event) => event.pointerId === this.pointer && this.follow(event));
    }
    for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) {
      this.root.addEventListener(end, (event) => event.pointerId === this.pointer && this.letGo(event));
    }
    this.root.addEventListener("keydown", (event) => {
      const by = { ArrowUp: STEP, ArrowRight: STEP, ArrowDown: -STEP, ArrowLeft: -STEP }[event.key];
      const to = { Home: 0, End: 1, Delete: this.rest }[event.key] ?? (by && this.travel + by);
      if (to === undefined) return;
      event.preventDefault();
      this.move(Math.min(Math.max(to, 0), 1));
    });
  }

  // A finger moves it from where it is: a touch alone changes no sound.
  take(event) {
    held.add(this);
    this.pointer = event.pointerId;
    this.root.setPointerCapture(event.pointerId);
    this.root.classList.add("held");
    this.raw = this.travel;
    this.anchor(event);
  }

  anchor(event) {
    this.length = this.upright ? this.run.clientHeight : this.run.clientWidth;
    this.finger = this.place(event);
  }

  place(event) {
    return this.upright ? -event.clientY : event.clientX;
  }

  follow(event) {
    if (this.finger === undefined) this.anchor(event);
    const place = this.place(event);
    this.raw += (place - this.finger) / this.length;
    this.raw = Math.min(Math.max(this.raw, 0), 1);
    this.finger = place;
    this.move(Math.abs(this.raw - this.rest) < this.detent ? this.rest : this.raw);
  }

  letGo() {
    held.delete(this);
    this.pointer = undefined;
    this.root.classList.remove("held");
    if (this.missed !== undefined) this.show(this.missed);
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

  get text() {
    return this.scale.text(this.travel);
  }

  get rests() {
    return Math.abs(this.travel - this.rest) < 1e-3;
  }

  show(travel) {
    this.travel = travel;
    this.missed = undefined;
    this.draw();
    this.root.setAttribute("aria-valuenow", Math.round(100 * travel));
    this.root.setAttribute("aria-valuetext", this.text);
    this.figure.textContent = this.text;
    this.seen?.();
  }
}

// Those that have a finger on them.
const held = new Set();

// Of what is no longer on the screen: it would go on under a finger that nobody sees it under.
export function letGoOfHidden() {
  for (const one of held) if (one.root.offsetParent === null) one.letGo();
}

// Where the screen turns under a finger, it goes on from wherever the finger is then.
window.addEventListener("resize", () => {
  letGoOfHidden();
  for (const one of held) one.finger = undefined;
});
// No finger outlasts the sleep of a screen, and not every browser says that it is gone.
document.addEventListener("visibilitychange", () => document.hidden && held.forEach((one) => one.letGo()));
