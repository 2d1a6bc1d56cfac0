// A sheet for another input or output: what there is at the moment, and which of it is heard.

import { click, key } from "./strip.js";
import { make } from "./travel.js";

// "1-2", "3-4" and so on; a last one alone.
export function pairs(channels) {
  const found = [];
  for (let n = 1; n <= channels; n += 2) found.push(n < channels ? `${n}-${n + 1}` : `${n}`);
  return found;
}

const bus = (route) => route.split("=")[0];
const played = (route) => route.split("=")[1].split("-").map(Number);
const fits = (route, channels) => Math.max(...played(route)) <= channels;

// Routes of several buses, which may stay as they are; of the mix and headphones alone, only where
// the output has their channels.
function stay(routes, channels) {
  const stems = routes.some((route) => !["mix", "cue"].includes(bus(route)));
  return routes.length > 1 && (stems || routes.every((route) => fits(route, channels)));
}

// Headphones, where a pair for the mix leaves them theirs.
function headphones(routes, pair, channels) {
  const mix = played(`mix=${pair}`);
  return routes.filter((route) => bus(route) === "cue" && played(route).length > 1 && fits(route, channels)
                                  && !played(route).some((channel) => mix.includes(channel)));
}

export class Ends {
  // `ask` sends parts of a message; `parent` gets the keys that open the sheet.
  constructor(ask, parent) {
    this.ask = ask;
    this.box = make("div", "choices devices", parent);
    this.keys = {};
    for (const kind of ["input", "output"]) {
      this.keys[kind] = key("", "", this.box);
      click(this.keys[kind], () => this.open(kind));
    }
    this.sheet = make("dialog", "", document.body);
    this.sheet.id = "ends-sheet";
    const head = make("div", "sheet-head", this.sheet);
    this.title = make("h1", "", head);
    click(key("Close", "close", head), () => this.sheet.close());
    this.sheet.addEventListener("pointerdown", (event) => event.target === this.sheet && this.sheet.close());
    this.list = make("div", "choices devices", this.sheet);
    this.offer(false);
  }

  offer(there) {
    this.box.hidden = !there;
  }

  open(kind) {
    this.kind = kind;
    this.title.textContent = kind === "input" ? "Input" : "Output";
    this.list.replaceChildren();
    make("p", "", this.list, "Looking for devices");
    if (!this.sheet.open) this.sheet.showModal();
    this.ask({ devices: true });
  }

  // What rtsep found.
  hear({ inputs, outputs, now }) {
    this.list.replaceChildren();
    const heard = this.kind === "input" ? now.input_channels : now.routes.join(" ");
    for (const end of this.kind === "input" ? inputs : outputs) {
      for (const [text, swap, is] of this.ways(end, now)) {
        const button = key(text, "", this.list);
        button.setAttribute("aria-pressed", String(end.name === now[this.kind] && is === heard));
        click(button, () => {
          this.ask({ swap });
          this.sheet.close();
        });
      }
    }
  }

  // One key for a device, or where it has more than two channels, one for each pair of them.
  *ways({ name, channels }, now) {
    const all = pairs(channels);
    if (this.kind === "output" && stay(now.routes, channels)) {
      yield [name, { output: name }, now.routes.join(" ")];
      if (all.length === 1) return;
    }
    for (const pair of all) {
      const text = all.length > 1 ? `${name}, ${pair}` : name;
      if (this.kind === "input") {
        yield [text, { input: name, input_channels: pair }, pair];
      } else {
        const routes = [`mix=${pair}`, ...headphones(now.routes, pair, channels)];
        yield [text, { output: name, routes }, routes.join(" ")];
      }
    }
  }

  figures({ input, output }) {
    this.keys.input.textContent = `Input: ${input}`;
    this.keys.output.textContent = `Output: ${output}`;
  }
}
