// The sheet of a strip: its bands, its filter, and whatever else the desk has for a stem. It opens
// beside the strips, which stay in reach, and the strip shows what of it is on.

import { Row, paired } from "./rows.js";
import { Switch, key, press } from "./strip.js";
import { letGoOfHidden, make } from "./travel.js";

const MASTER = "master";
const at = (id) => document.getElementById(id);

// Whether a control is of a strip's sheet: of a stem, or, in that of the master, of the desk.
export function isOfChannel(control) {
  return control.kind !== "trigger" && (control.of === "stem" || control.of === "");
}

class Channel {
  constructor(strip, controls, send, parts) {
    this.strip = strip;
    this.name = strip.name;
    this.send = send;
    this.parts = parts;
    const { bands, others, switches } = paired(controls);
    this.marks = make("span", "marks", strip.button);
    this.pills = make("span", "pills", strip.button);
    for (const shown of [this.marks, this.pills]) shown.setAttribute("aria-hidden", "true");
    this.head();
    this.body = make("div", "rows", this.root);
    const bars = make("span", "bars", bands.length ? this.marks : null);
    const rows = bands.map((band) => this.row(band, make("i", "bar", bars)));
    this.body.prepend(...rows.map((row) => row.root).reverse()); // high above low, as on mixers
    this.rows = [...rows, ...others.map((one) => this.row(one, make("i", "beam", this.marks)))];
    const keys = make("div", "choices", switches.length ? this.body : null);
    this.lamps = switches.map((control) => this.lamp(control, keys));
    this.tell();
  }

  head() {
    this.root = make("section", "sheet", at("sheets"));
    this.root.id = `sheet-${this.strip.place}`;
    this.root.hidden = true;
    this.root.setAttribute("aria-label", this.name);
    this.strip.button.setAttribute("aria-controls", this.root.id);
    const head = make("div", "sheet-head", this.root);
    const button = (text, name) => {
      const made = key(text, "", head);
      made.setAttribute("aria-label", name);
      return made;
    };
    this.before = button("‹", "the strip before");
    make("h2", "", head, this.name);
    this.after = button("›", "the next strip");
    this.close = button("✕", `close ${this.name}`);
  }

  row({ fader, lamp, word = this.word(fader) }, mark) {
    const name = fader.target;
    const row = new Row({ fader, lamp, word, name }, this.body, this.send, this.parts);
    const needle = make("b", "", mark);
    row.watch(() => {
      mark.classList.toggle("killed", row.killed);
      mark.classList.toggle("on", !row.slide.rests);
      const turned = row.slide.turned;
      needle.style.transform = lamp ? `scaleY(${turned})` : `scaleX(${turned})`;
      this.tell();
    });
    row.slide.show(row.slide.rest);
    return row;
  }

  lamp(control, keys) {
    const word = this.word(control);
    const name = control.target ? `${word} ${this.name}` : control.help;
    const button = key(word, control.verb, keys);
    button.setAttribute("aria-label", name);
    const lamp = (this.parts[control.action] = new Switch(button, control.action, this.send));
    lamp.show(false);
    const mark = make("span", "pill", this.pills, word);
    mark.hidden = true;
    lamp.word = word;
    lamp.seen = () => {
      mark.hidden = !lamp.on;
      this.tell();
    };
    return lamp;
  }

  word(control) {
    return control.verb.replaceAll("-", " ").replace(`${this.name} `, "");
  }

  // For who does not see the marks.
  tell() {
    if (!this.lamps) return;
    const on = [...this.rows.map((row) => row.told), ...this.lamps.map((lamp) => (lamp.on ? lamp.word : ""))];
    this.strip.button.setAttribute("aria-label", [this.name, ...on].filter(Boolean).join(", "));
  }

  show(open) {
    this.root.hidden = !open;
    this.strip.root.classList.toggle("open", open);
    this.strip.button.setAttribute("aria-expanded", String(open));
  }
}

// One of them is open at most.
export class Channels {
  constructor(send) {
    this.send = send;
    this.all = [];
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !document.querySelector("dialog[open]")) this.open();
    });
  }

  // Anew; what was open stays open if it is still there.
  build(strips, controls, parts) {
    at("sheets").replaceChildren();
    const mine = controls.filter(isOfChannel);
    this.all = strips.map((strip) => {
      const isMine = (one) => (strip.name === MASTER ? one.of === "" : one.target === strip.name);
      return new Channel(strip, mine.filter(isMine), this.send, parts);
    });
    this.all.forEach((channel, place) => this.listen(channel, place));
    this.open(this.now);
  }

  listen(channel, place) {
    const step = (by) => this.open(this.all.at((place + by) % this.all.length).name);
    press(channel.strip.button, () => this.open(this.now === channel.name ? undefined : channel.name), "pointerup");
    press(channel.close, () => this.open(), "pointerup");
    press(channel.before, () => step(-1), "pointerup");
    press(channel.after, () => step(1), "pointerup");
  }

  // The sheet of that name, or none.
  open(name) {
    for (const channel of this.all) channel.show(channel.name === name);
    this.now = this.all.find((channel) => channel.name === name)?.name;
    if (this.now) this.onOpen();
    document.body.classList.toggle("sheet-open", this.now !== undefined);
    letGoOfHidden();
  }
}
