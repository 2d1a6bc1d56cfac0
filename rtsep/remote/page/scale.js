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
    this.unity = this.travel(0);
  }

  travel(db) {
    return between(db, this.decibels, this.travels);
  }

  text(travel) {
    if (travel <= 0 && this.decibels[0] <= FLOOR_DB) return "−∞";
    const db = between(travel, this.travels, this.decibels);
    const shown = db.toFixed(db > -10 ? 1 : 0);
    const zero = Number(shown) === 0;
    return zero ? "0 dB" : (db > 0 ? "+" : "−") + shown.replace("-", "");
  }
}

// A fader that is in no unit.
export const PLAIN = { unity: null, text: (travel) => `${Math.round(100 * travel)} %` };

// Where a level is on a meter: 0 bottom, 1 top, which is full scale. The upper half is the upper 20 dB.
export function height(db) {
  if (db <= FLOOR_DB) return 0;
  if (db >= 0) return 1;
  return db < -20 ? (0.44 * (db - FLOOR_DB)) / 40 : 0.44 + (0.56 * (db + 20)) / 20;
}
