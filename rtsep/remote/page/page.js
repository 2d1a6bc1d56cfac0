// The desk on a screen: made from what rtsep says it has, moved by fingers, drawn once a frame.

import { Channels } from "./channel.js";
import { Ends } from "./ends.js";
import { Link } from "./link.js";
import { Scenes } from "./scenes.js";
import { PLACED, Sheets } from "./sheets.js";
import { Strip, Switch, press } from "./strip.js";
import { Transport } from "./transport.js";

const NOTICE_MS = 5000;
const KEPT = "rtsep-left-handed";

const at = (id) => document.getElementById(id);
let parts = {}; // by action: what shows it
let strips = [];
let hello = null;
let state = {};
let drawn = 0;

const link = new Link({ told, levels, gone });
const send = (action, value) => {
  link.set(action, value);
  audible();
};
const sheets = new Sheets(send, () => link.invite());
const channels = new Channels(send);
const scenes = new Scenes(send, notice);
scenes.onOpen = () => channels.open();
channels.onOpen = () => scenes.open(false);
press(at("undo"), () => send("undo", 1));
const transport = new Transport(at("transport"), send);
const ends = new Ends((parts) => link.ask(parts), at("ends"));

function told(message) {
  if (message.hello) build(message.hello);
  if (message.state) show(message.state);
  if (message.figures) figures(message.figures);
  if (message.done) notice(message.done, "done");
  if (message.refused) notice(message.refused);
  if (message.devices) ends.hear(message.devices);
  if (message.invitation) sheets.invitation(message.invitation);
}

// Anew only where it is another desk: a finger may be on a fader.
function build(news) {
  at("offline").hidden = true;
  document.body.classList.remove("away");
  sheets.describe(news);
  ends.offer(news.ends);
  if (JSON.stringify(news.controls) === JSON.stringify(hello?.controls)) return;
  hello = news;
  parts = {};
  at("strips").replaceChildren();
  at("strips").classList.toggle("many", news.stems.length > 4);
  const find = (action) => news.controls.find((control) => control.action === action);
  strips = news.stems.map((stem) => {
    const lamps = [find(`mute:${stem}`), find(`solo:${stem}`)];
    return strip(stem, find(`gain:${stem}`), lamps);
  });
  strips.push(strip("master", find("master"), [find("limiter"), find("bypass")]));
  parts.record = new Switch(fresh(at("record")), "record", send);
  const path = fresh(at("path"));
  path.hidden = !find("path:instant");
  press(path, () => send(state.path === "instant" ? "path:full" : "path:instant", 1));
  channels.build(strips, news.controls.filter((one) => !PLACED.has(one.verb)), parts);
  scenes.build(news.controls);
  sheets.build(news.controls, parts);
  transport.build(news.controls, parts);
}

function strip(name, fader, lamps) {
  const made = new Strip(name, fader, lamps, at("strips"), send);
  parts[fader.action] = made.fader;
  for (const lamp of made.switches) parts[lamp.action] = lamp;
  return made;
}

// The same button without what it did for the desk before.
function fresh(button) {
  const copy = button.cloneNode(true);
  button.replaceWith(copy);
  return copy;
}

function show(news) {
  Object.assign(state, news);
  for (const [action, value] of Object.entries(news)) {
    parts[action]?.hear(value);
  }
  at("path").setAttribute("aria-pressed", String(state.path === "instant"));
  sheets.show(state);
  scenes.show(state);
  audible();
}

// A muted stem is silent; with any solo, so is every stem without one.
function audible() {
  const on = (verb, stem) => parts[`${verb}:${stem}`]?.on;
  const anySolo = hello.stems.some((stem) => on("solo", stem));
  hello.stems.forEach((stem, place) => {
    const silent = on("mute", stem) || (anySolo && !on("solo", stem));
    strips[place].root.classList.toggle("silent", silent);
  });
}

function figures(news) {
  const badge = at("state");
  badge.textContent = news.state;
  const kind = { running: "running", loading: "waiting", "engine restarting": "waiting" };
  badge.className = `badge ${kind[news.state] ?? "trouble"}`;
  at("latency").textContent = Math.round(news.latency_ms);
  at("late").textContent = news.late;
  at("late-figure").classList.toggle("bad", news.late > 0);
  const seconds = Math.floor(news.recorded_seconds);
  const take = `● ${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  at("take-time").textContent = parts.record?.on ? take : "";
  sheets.figures(news);
  transport.figures(news.transport);
  ends.figures(news);
}

// Input, stems (none while rtsep loads), mix.
function levels(all) {
  const mix = all[all.length - 1];
  strips.forEach((one, place) => {
    const isMaster = place === strips.length - 1;
    one.fader.meter.level = isMaster ? mix : (all.length > 2 && all[place + 1]) || [-120, -120];
  });
}

function gone(reason) {
  document.body.classList.add("away");
  at("offline").hidden = false;
  at("offline").textContent = reason ? `No connection: ${reason}` : "No connection";
  at("state").textContent = "offline";
  at("state").className = "badge trouble";
  scenes.disarm();
  for (const one of strips) one.fader.meter.level = [-120, -120];
}

let noticeEnds;
function notice(text, kind = "") {
  at("notice").textContent = text;
  at("notice").className = kind;
  at("notice").hidden = false;
  clearTimeout(noticeEnds);
  noticeEnds = setTimeout(() => (at("notice").hidden = true), NOTICE_MS);
}

function draw(now) {
  const seconds = Math.min((now - drawn) / 1000, 0.25);
  drawn = now;
  for (const one of strips) one.fader.meter.draw(now, seconds);
  transport.draw(now);
  link.flush();
  requestAnimationFrame(draw);
}
requestAnimationFrame(draw);

function leftHanded(on) {
  document.body.classList.toggle("left", on);
  at("left").setAttribute("aria-pressed", String(on));
}
at("left").addEventListener("click", () => {
  const on = !document.body.classList.contains("left");
  localStorage.setItem(KEPT, on ? "1" : "");
  leftHanded(on);
});
leftHanded(Boolean(localStorage.getItem(KEPT)));

at("full").hidden = !document.fullscreenEnabled;
at("full").addEventListener("click", () =>
  document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen());
document.addEventListener("fullscreenchange", () =>
  at("full").setAttribute("aria-pressed", String(Boolean(document.fullscreenElement))));
document.addEventListener("contextmenu", (event) => event.preventDefault());

// Both only where the browser trusts the way: on this machine, or behind https.
navigator.serviceWorker?.register("/worker.js");
const stayAwake = () => document.hidden || navigator.wakeLock?.request("screen").catch(() => {});
document.addEventListener("visibilitychange", stayAwake);
stayAwake();

export { link, parts };
