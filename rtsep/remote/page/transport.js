// A file that is played: where it is, play and pause, jumps, the loop, the speed, the list.

import { Switch, key, press } from "./strip.js";
import { make } from "./travel.js";

const OPEN = "rtsep-transport-open";
const USUAL = 0.5; // travel of the speed as recorded
const JUMPS = [["seek:-30", "\u221230"], ["seek:-5", "\u22125"], ["play", ""], ["seek:+5", "+5"],
               ["seek:+30", "+30"]];

export class Transport {
  constructor(root, send) {
    this.root = root;
    this.send = send;
  }

  // Nothing where a device is the input.
  build(controls, parts) {
    this.root.replaceChildren();
    this.news = undefined;
    this.root.hidden = !controls.some((control) => control.verb === "play");
    if (this.root.hidden) return;
    this.buildBar();
    this.buildKeys(parts);
    this.buildLoop(parts);
  }

  buildBar() {
    const row = make("div", "song", this.root);
    this.title = make("p", "title", row);
    this.place = make("b", "place", row, "0:00");
    this.bar = make("div", "bar", row);
    this.loop = make("div", "looped", this.bar);
    this.done = make("div", "done", this.bar);
    this.knob = make("div", "grip", this.bar);
    this.length = make("span", "length", row, "0:00");
    const facts = { role: "slider", tabindex: 0, "aria-label": "position", "aria-valuemin": 0,
                    "aria-valuemax": 100 };
    for (const [name, value] of Object.entries(facts)) this.bar.setAttribute(name, value);
    this.listen();
  }

  // A finger shows where it would go, and goes there when it is up.
  listen() {
    const part = (event) => {
      const box = this.bar.getBoundingClientRect();
      return Math.min(Math.max((event.clientX - box.left) / box.width, 0), 1);
    };
    this.bar.addEventListener("pointerdown", (event) => {
      if (this.finger !== undefined || event.button !== 0) return;
      this.finger = event.pointerId;
      this.bar.setPointerCapture(event.pointerId);
      this.show(part(event));
    });
    this.bar.addEventListener("pointermove", (event) => {
      if (event.pointerId === this.finger) this.show(part(event));
    });
    this.bar.addEventListener("pointerup", (event) => {
      if (event.pointerId !== this.finger) return;
      this.finger = undefined;
      this.send("position", part(event));
    });
    this.bar.addEventListener("pointercancel", () => (this.finger = undefined));
    this.bar.addEventListener("keydown", (event) => {
      const action = { ArrowLeft: "seek:-5", ArrowRight: "seek:+5" }[event.key];
      if (!action) return;
      event.preventDefault();
      this.send(action, 1);
    });
  }

  buildKeys(parts) {
    const row = make("div", "moves", this.root);
    this.steps = [this.trigger("previous", "Prev", row)];
    for (const [action, text] of JUMPS) {
      if (action === "play") {
        this.play = key("Play", "play", row);
        parts.play = new Switch(this.play, "play", this.send);
        const show = parts.play.show.bind(parts.play);
        parts.play.show = (on) => {
          show(on);
          this.play.textContent = on ? "Pause" : "Play";
          this.playing = Boolean(on);
        };
        parts.play.show(true);
      } else {
        this.trigger(action, text, row, action.endsWith("30") ? "far" : "");
      }
    }
    this.steps.push(this.trigger("next", "Next", row));
    const more = key("Loop", "opens", row);
    const open = (on) => {
      this.root.classList.toggle("open", on);
      more.setAttribute("aria-expanded", String(on));
    };
    press(more, () => {
      const on = !this.root.classList.contains("open");
      localStorage.setItem(OPEN, on ? "1" : "");
      open(on);
    });
    open(Boolean(localStorage.getItem(OPEN)));
    this.opens = more;
  }

  buildLoop(parts) {
    const row = make("div", "turns", this.root);
    this.trigger("loop-in", "In", row);
    this.trigger("loop-out", "Out", row);
    const loop = key("Loop", "loop", row);
    parts.loop = new Switch(loop, "loop", this.send);
    parts.loop.show(false);
    this.trigger("slower", "\u22125 %", row);
    this.speed = key("100 %", "speed", row);
    this.speed.setAttribute("aria-label", "speed as recorded");
    press(this.speed, () => this.send("speed", USUAL));
    this.trigger("faster", "+5 %", row);
  }

  trigger(action, text, row, kind = "") {
    const button = key(text, kind, row);
    button.setAttribute("aria-label", action.replace("seek:", "jump by ").replace("-", " "));
    press(button, () => this.send(action, 1));
    return button;
  }

  // As rtsep says it four times a second; in between it goes on by itself.
  figures(news) {
    if (!news || this.root.hidden) return;
    this.news = news;
    this.at = performance.now();
    this.playing = news.playing;
    this.title.textContent = news.songs > 1 ? `${news.song}/${news.songs} ${news.title}` : news.title;
    this.length.textContent = clock(news.length);
    this.speed.textContent = `${Math.round(100 * news.speed)} %`;
    this.speed.classList.toggle("changed", Math.abs(news.speed - 1) > 0.001);
    this.opens.classList.toggle("changed", news.looping || Math.abs(news.speed - 1) > 0.001);
    for (const step of this.steps) step.hidden = news.songs < 2;
    const [start, end] = [news.loop_in, news.loop_out].map((at) => at / (news.length || 1));
    this.loop.hidden = !news.looping;
    this.loop.style.left = `${100 * start}%`;
    this.loop.style.width = `${100 * Math.max(end - start, 0.004)}%`;
  }

  draw(now) {
    if (!this.news || this.finger !== undefined) return;
    const { position, length, looping, loop_in: start, loop_out: end, speed } = this.news;
    let at = position + (this.playing ? (speed * (now - this.at)) / 1000 : 0);
    if (looping && at > end && position <= end) at = start + ((at - start) % (end - start || 1));
    this.show(Math.min(at / (length || 1), 1));
  }

  show(part) {
    const text = clock(part * (this.news?.length ?? 0));
    if (this.place.textContent !== text) this.place.textContent = text;
    this.done.style.transform = `scaleX(${part})`;
    this.knob.style.left = `${100 * part}%`;
    this.bar.setAttribute("aria-valuenow", Math.round(100 * part));
    this.bar.setAttribute("aria-valuetext", text);
  }
}

function clock(seconds) {
  const whole = Math.floor(seconds);
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (number) => String(number).padStart(2, "0");
  return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}
