// The phone: a mini program with the phone number button, WeChat's consent sheet, and what follows.

import { ask, byId, element } from "./api.js";

let settings;
// What the mini program's page holds: the code it received last, and the mini program it belongs to.
let held = null;

export function startPhone(given) {
  settings = given;
  const targets = settings.applications.flatMap(({ appId, connections }) =>
    connections.map((connection) => ({ appId, connection })));
  byId("target").append(...targets.map((target) =>
    element("option", { value: JSON.stringify(target) }, `${target.appId} · ${target.connection}`)));
  byId("target-field").hidden = targets.length < 2;
  byId("send-hint").textContent = settings.backend
    ? `Your backend is at ${settings.backend}.`
    : "No backend of yours is connected (start the sandbox with --backend URL), so this page plays one.";
  if (settings.backend) {
    byId("send-backend").hidden = false;
    byId("send-direct").textContent = "Exchange it here instead, without my backend";
    byId("send-direct").classList.remove("primary");
  }
  byId("tap").addEventListener("click", openSheet);
  byId("allow").addEventListener("click", allow);
  byId("refuse").addEventListener("click", refuse);
  byId("sheet").addEventListener("keydown", (event) => {
    if (event.key === "Escape") refuse();
  });
  byId("login-code").addEventListener("click", () => receive({ kind: "login" }, "wx.login"));
  byId("send-direct").addEventListener("click", () => send(directly));
  byId("send-backend").addEventListener("click", () => send(byBackend));
}

function target() {
  return JSON.parse(byId("target").value);
}

function typedNumber() {
  return byId("phone-number").value.replace(/[\s-]/g, "");
}

function masked(number) {
  const shown = number.replace(/^\+86/, "");
  return shown.length < 8 ? shown : `${shown.slice(0, -8)}****${shown.slice(-4)}`;
}

function openSheet() {
  byId("sheet-number").textContent = masked(typedNumber());
  byId("toast").hidden = true;
  setSheet(true);
  byId("allow").focus({ preventScroll: true });
}

function setSheet(open) {
  byId("sheet").hidden = !open;
  byId("shade").hidden = !open;
  // What lies behind the sheet can be neither tapped nor reached with the keyboard.
  byId("page").inert = open;
  for (const part of document.querySelectorAll(".middle, .right, .left > .field")) part.inert = open;
}

function closeSheet() {
  setSheet(false);
  byId("tap").focus({ preventScroll: true });
}

function refuse() {
  closeSheet();
  forget();
  byId("toast").textContent = "已拒绝授权";
  byId("toast").hidden = false;
  step("step-code", "failed");
  byId("code-hint").textContent = "The user refused: the page gets getPhoneNumber:fail user deny, and no code.";
  announce("The user refused. There is no code to exchange.", "neutral");
}

async function allow() {
  closeSheet();
  await receive({ phoneNumber: typedNumber() }, "getPhoneNumber");
}

/** The page receives a code, as WeChat would hand it over. */
async function receive(order, source) {
  forget();
  try {
    const issued = await ask("POST", "/sandbox/codes", { ...order, ...target() });
    held = { code: issued.code, ...target() };
  } catch (problem) {
    step("step-code", "failed");
    byId("code-hint").textContent = problem.message;
    announce("There is no code: see step 1.", "bad");
    return;
  }
  byId("code").textContent = held.code;
  byId("code").hidden = false;
  byId("code-hint").textContent = source === "wx.login"
    ? "This is the code of wx.login. It looks like one, but it is the wrong one:"
    : "It works once, for five minutes:";
  step("step-code", "done");
  step("step-send", "now");
  announce("A code is here. Send it on.", "neutral");
  ready(true);
  const next = settings.backend ? byId("send-backend") : byId("send-direct");
  next.focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
}

/** Forgets the last round. */
function forget() {
  held = null;
  byId("code").hidden = true;
  byId("number").hidden = true;
  byId("hello").textContent = "欢迎使用";
  byId("reply-details").hidden = true;
  for (const id of ["step-code", "step-send", "step-reply"]) step(id, "waiting");
  ready(false);
}

// The sandbox sends it, not this page: a browser sends a request again when a connection breaks.
async function directly() {
  return ask("POST", "/sandbox/exchange", held);
}

async function byBackend() {
  return ask("POST", "/sandbox/backend", { code: held.code });
}

async function send(how) {
  ready(false);
  step("step-send", "now");
  step("step-reply", "now");
  announce("Waiting for the answer…", "neutral");
  byId("hello").textContent = "正在登录…";
  byId("number").hidden = true;
  try {
    showAnswer(await how());
  } catch (problem) {
    step("step-reply", "failed");
    byId("hello").textContent = "登录失败";
    byId("reply-details").hidden = true;
    announce(`${problem.message} Was the code used? The list of codes knows; a backend cannot.`, "bad");
  }
  step("step-send", "done");
  ready(true);
  byId("step-reply").scrollIntoView({ block: "nearest" });
}

function showAnswer({ httpStatus, body }) {
  let value;
  try {
    value = JSON.parse(body);
  } catch {
    value = undefined;
  }
  byId("reply").textContent = `HTTP ${httpStatus}\n${value === undefined ? body : JSON.stringify(value, null, 2)}`;
  byId("reply-details").hidden = false;
  const number = httpStatus >= 200 && httpStatus < 300 ? phoneNumber(value) : null;
  if (number) {
    step("step-reply", "done");
    byId("number").textContent = number;
    byId("number").hidden = false;
    byId("hello").textContent = "登录成功";
    announce(`The phone number is ${number}`, "good");
    return;
  }
  step("step-reply", "failed");
  byId("hello").textContent = "登录失败";
  announce(reason(value, httpStatus), "bad");
  byId("reply-details").open = true;
}

/** Finds the number wherever one of the known shapes, or a backend of one's own, puts it. */
function phoneNumber(value) {
  if (value === null || typeof value !== "object") return null;
  for (const place of [value.data?.phone_info, value.data, value.phone_info, value]) {
    const number = place?.phoneNumber || place?.phone_number || place?.purePhoneNumber
      || place?.maskedPhoneNumber || place?.phone;
    if (typeof number === "string" && number) return number;
  }
  return null;
}

function reason(value, httpStatus) {
  const errcode = value?.data?.errcode ?? value?.errcode;
  if (errcode === 40163) return "No number: this code has been used. The user must tap again.";
  if (errcode === 40029) return "No number: the code is not valid (too old, of another mini program, or of wx.login). The user must tap again.";
  if (errcode) return `No number: WeChat answered errcode ${errcode}.`;
  const words = value?.message ?? value?.error?.message ?? value?.error;
  if (value?.statusCode && value.statusCode !== 200) return `No number: statusCode ${value.statusCode}, ${words ?? "no message"}.`;
  if (httpStatus >= 300 && httpStatus < 400) return "No number: the answer was a redirect, which a backend must not follow.";
  if (typeof value?.action === "string") return `No number: HTTP ${httpStatus}, and your backend tells the mini program: ${value.action}.`;
  if (typeof words === "string" && words) return `No number: HTTP ${httpStatus}, ${words}.`;
  return `No number in the answer (HTTP ${httpStatus}).`;
}

function step(id, state) {
  byId(id).className = state;
}

function ready(yes) {
  byId("send-direct").disabled = !yes || !held;
  byId("send-backend").disabled = !yes || !held;
}

function announce(text, kind) {
  const place = byId("verdict");
  place.textContent = text;
  place.className = `verdict ${kind}`;
}
