// Travel of a fader to decibels and back, between the marks that rtsep tells.

export const FLOOR_DB = -60; // of meters

function between(value, from, to) {
  let at = from.findIndex((mark) => value <= mark);
  if (at < 0) return to[to.length - 1];
  if (at === 0) return to[0];
  const share = (value - from[at - 1]) / (from[at] - from[at - 1]);
  return to[at - 1] + share * (to[at] - to[at - 1]);
}

export class Scale {
  constructor(marks) {
    this.travels = marks.map((mark) => mark[0]);
    this.decibels = marks.map((mark) => mark[1]);
  }

  text(travel) {
    if (travel <= 0 && this.decibels[0] <= FLOOR_DB) return "−∞";
    const db = between(travel, this.travels, this.decibels);
    const shown = db.toFixed(db > -10 ? 1 : 0);
    const zero = Number(shown) === 0;
    return zero ? "0 dB" : (db > 0 ? "+" : "−") + shown.replace("-", "");
  }
}

// A fader that is in no unit; `words` are for its left, where it rests, and its right.
class Plain {
  constructor({ words, rest }) {
    this.words = words?.map((word) => word.replaceAll("-", "\u2011")); // in one line
    this.rest = rest;
  }

  text(travel) {
    const away = travel - this.rest;
    if (!this.words) return `${Math.round(100 * travel)}\u00a0%`;
    if (Math.abs(away) < 1e-3) return this.words[1];
    const share = Math.round(100 * Math.abs(away) / (away > 0 ? 1 - this.rest : this.rest));
    return `${this.words[away > 0 ? 2 : 0]} ${share}\u00a0%`;
  }
}

export function scaleOf(control) {
  return control.scale ? new Scale(control.scale) : new Plain(control);
}

// Where a level is on a meter: 0 bottom, 1 top, which is full scale. The upper half is the upper 20 dB.
export function height(db) {
  if (db <= FLOOR_DB) return 0;
  if (db >= 0) return 1;
  return db < -20 ? (0.44 * (db - FLOOR_DB)) / 40 : 0.44 + (0.56 * (db + 20)) / 20;
}
