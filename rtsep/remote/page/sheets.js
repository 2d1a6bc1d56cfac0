// What opens over the faders: presets, and everything that has no place of its own on the page.

import { isOfChannel } from "./channel.js";
import { Row } from "./rows.js";
import { Switch, click, key, press } from "./strip.js";
import { make } from "./travel.js";

export const PLACED = new Set(["gain", "mute", "solo", "master", "bypass", "limiter", "record", "path", "preset", "scene", "store",
                               "undo", "play", "seek", "position", "loop", "loop-in", "loop-out", "speed", "slower",
                               "faster", "previous", "next"]);

const QUICK = 8; // presets that have a row of their own

// Silence is null.
const level = (value, unit) => (value === null ? "−∞" : `${value.toFixed(1).replace("-", "−")} ${unit}`);

function loudnessRows({ momentary, short_term, integrated, true_peak }) {
  return {
    loudness: `${level(short_term, "LUFS")} short-term, ${level(momentary, "LUFS")} momentary`,
    integrated: level(integrated, "LUFS"),
    "true peak": level(true_peak, "dBTP"),
  };
}

const at = (id) => document.getElementById(id);

export class Sheets {
  constructor(send, invite) {
    this.send = send;
    this.choices = [];
    for (const [button, sheet] of [["presets", "preset-sheet"], ["more", "more-sheet"]]) {
      press(at(button), () => at(sheet).showModal(), "pointerup");
      at(sheet).querySelector(".close").addEventListener("click", () => at(sheet).close());
      at(sheet).addEventListener("pointerdown", (event) => event.target === at(sheet) && at(sheet).close());
    }
    at("more-sheet").addEventListener("close", () => (at("code").hidden = true));
    at("invite").addEventListener("click", invite);
  }

  describe(hello) {
    at("invite").hidden = !hello.codes;
    this.facts = {
      model: `${hello.model} on ${hello.compute}`,
      rate: `${hello.sample_rate / 1000} kHz`,
    };
  }

  build(controls, parts) {
    this.choices = [];
    at("quick").replaceChildren();
    at("preset-list").replaceChildren();
    at("groups").replaceChildren();
    const presets = controls.filter((one) => one.verb === "preset");
    document.body.classList.toggle("many-presets", presets.length > QUICK);
    for (const control of presets) {
      this.trigger(control, at("quick"), press);
      this.trigger(control, at("preset-list")).addEventListener("click", () => at("preset-sheet").close());
    }
    const rest = controls.filter((one) => !PLACED.has(one.verb) && !isOfChannel(one));
    for (const verb of new Set(rest.map((one) => one.verb))) {
      const group = rest.filter((one) => one.verb === verb);
      make("h2", "", at("groups"), group[0].help);
      const box = make("div", group[0].kind === "fader" ? "rows" : "choices", at("groups"));
      for (const control of group) this.add(control, box, parts);
    }
  }

  // A control that the page knows nothing of, by its kind.
  add(control, box, parts) {
    const name = control.target || control.verb;
    if (control.kind === "fader") {
      new Row({ fader: control, word: name, name: control.target }, box, this.send, parts);
    } else if (control.kind === "switch") {
      parts[control.action] = new Switch(key(name, "", box), control.action, this.send, click);
      parts[control.action].show(false);
    } else {
      this.trigger(control, box);
    }
  }

  trigger(control, box, listen = click) {
    const button = key(control.target || control.verb, "", box);
    listen(button, () => this.send(control.action, 1));
    this.choices.push({ button, control });
    return button;
  }

  // Of choices one of which is in force, which one.
  show(state) {
    for (const { button, control } of this.choices) {
      const chosen = state[control.verb];
      if (chosen !== undefined) button.setAttribute("aria-pressed", String(chosen === control.target));
    }
  }

  figures(news) {
    const rows = {
      ...this.facts,
      input: news.input,
      output: news.output,
      step: `p99 ${news.step_ms} of ${news.hop_ms} ms`,
      late: `${news.late} steps, ${news.concealed_ms} ms made up`,
      xruns: news.xruns,
      ...loudnessRows(news.loudness),
    };
    at("facts").replaceChildren();
    for (const [name, text] of Object.entries(rows)) {
      make("dt", "", at("facts"), name);
      make("dd", "", at("facts"), String(text));
    }
    at("events").replaceChildren();
    for (const text of [...news.events].reverse()) make("li", "", at("events"), text);
  }

  invitation({ link, rows }) {
    const canvas = at("code-picture");
    canvas.width = canvas.height = rows.length;
    const pen = canvas.getContext("2d");
    rows.forEach((row, y) => [...row].forEach((dark, x) => {
      pen.fillStyle = dark === "1" ? "#000" : "#fff";
      pen.fillRect(x, y, 1, 1);
    }));
    at("code-link").textContent = link;
    at("code").hidden = false;
    at("code").scrollIntoView();
  }
}
