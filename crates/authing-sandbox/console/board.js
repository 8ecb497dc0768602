// The board: the ledger of codes, and the latest requests with their headers.

import { byId, element } from "./api.js";

const WHY = {
  throttled: "too many requests",
  "content-type": "content type is not JSON",
  "body-too-large": "body too large",
  "not-json": "body is not JSON",
  "missing-field": "code or connection missing",
  "missing-identity": "no application id",
  "unknown-app": "no such application",
  "unknown-userpool": "no such user pool",
  "unknown-connection": "no such connection",
  "code-unknown": "never issued",
  "code-expired": "too old",
  "code-of-another": "of another mini program",
  "login-code": "a wx.login code",
  "code-used": "used before",
};

// Faults after which the phone number does not arrive although the code has been used.
const SPOILING = ["cut", "garbage", "raw", "reply", "wechat"];

// Which requests the reader has unfolded; pictures come and go, these stay.
const unfolded = new Set();

export function showPicture(picture, settings) {
  const { issued, consumed, expired } = picture.counts;
  byId("counts").textContent = `${issued} waiting, ${consumed} used, ${expired} expired`;
  showLedger(picture, settings);
  showRequests(picture);
}

function showLedger(picture, settings) {
  const many = settings.applications.length > 1;
  const rows = picture.codes.toReversed().map((code) => row(code, many));
  const strangers = picture.unknownCodes.toReversed().map((attempt) =>
    element("tr", {},
      cell(element("code", { title: attempt.code }, short(attempt.code))),
      cell("—"),
      cell("—"),
      cell(badge("rejected", "never issued")),
      cell(presented(attempt))));
  const all = [...rows, ...strangers];
  if (all.length === 0) {
    all.push(element("tr", {}, element("td", { colSpan: 5, className: "empty" }, "No code yet: tap the button on the phone.")));
  }
  byId("ledger").replaceChildren(...all);
}

function row(code, many) {
  const refused = code.attempts.filter((attempt) => attempt.result !== "accepted").toReversed();
  const state = {
    issued: code.kind === "login" ? badge("rejected", "wx.login code") : badge("issued", `valid until ${clock(code.expiresAt)}`),
    consumed: badge("consumed", `used at ${clock(code.consumedAt)}`),
    expired: badge("expired", `expired at ${clock(code.expiresAt)}`),
  }[code.status];
  const accepted = code.attempts.filter((attempt) => attempt.result === "accepted");
  const lines = [...accepted, ...refused.slice(0, 3)].map((attempt) => element("div", {}, presented(attempt)));
  if (lines.length === 0) lines.push(code.presented === 0 ? "never" : `${code.presented} ×`);
  return element("tr", { className: code.status },
    cell(element("code", { title: code.code }, short(code.code))),
    cell(code.phoneNumber ?? "—"),
    cell(many ? `${code.appId} · ${code.connection}` : code.connection),
    cell(state),
    cell(...lines));
}

/** Which request presented a code, in whose name, and what came of it. */
function presented({ request, appId, result, why }) {
  const by = appId ? ` by ${appId}` : "";
  if (result === "accepted") return `#${request}${by}: accepted`;
  if (result === "refused") return `#${request}${by}: rejected, ${WHY[why] ?? why}`;
  return `#${request}${by}: not looked at`;
}

function showRequests(picture) {
  const place = byId("requests");
  const focused = document.activeElement?.closest?.("#requests details")?.dataset.number;
  const shown = picture.requests.toReversed().slice(0, 20).map(request);
  if (shown.length === 0) shown.push(element("p", { className: "empty" }, "None yet."));
  place.replaceChildren(...shown);
  if (focused) place.querySelector(`details[data-number="${focused}"] summary`)?.focus({ preventScroll: true });
}

function request(record) {
  const spoilt = record.outcome === "granted"
    && (record.ending === "client-gone" || SPOILING.includes(record.fault));
  const outcome = {
    pending: "being read",
    granted: spoilt ? "code used, answer spoilt" : "phone number given",
    refused: WHY[record.why] ?? record.why ?? "refused",
    "not-processed": "not processed",
    "not-found": "no such route",
  }[record.outcome];
  const ending = { open: "…", replied: `HTTP ${record.httpStatus}`, faulted: "broken on purpose", "client-gone": "client gone" }[record.ending];
  const kind = spoilt ? "expired" : record.outcome === "granted" ? "consumed" : record.outcome === "pending" ? "issued" : "rejected";
  const path = record.path.replace("/api/v3/", "…/");
  const details = element("details", { open: unfolded.has(record.number) },
    element("summary", {},
      element("span", { className: "number-of" }, `#${record.number}`), " ",
      element("span", { className: "path" }, `${record.method} ${path}`), " ",
      badge(kind, outcome), " ",
      element("span", { className: "ending" }, record.fault ? `${ending}, fault: ${record.fault}` : ending)),
    element("pre", { tabIndex: 0 }, [
      `${record.method} ${record.path}`,
      ...record.headers.map(([name, value]) => `${name}: ${value}`),
      "",
      record.bodyLength === null ? "(no body was read)" : `(${record.bodyLength} bytes of body)`,
    ].join("\n")));
  details.dataset.number = record.number;
  details.addEventListener("toggle", () => {
    if (details.open) unfolded.add(record.number);
    else unfolded.delete(record.number);
  });
  return details;
}

function cell(...children) {
  return element("td", {}, ...children);
}

function badge(kind, text) {
  return element("span", { className: `badge ${kind}` }, text);
}

function short(code) {
  return code.length > 12 ? `${code.slice(0, 10)}…` : code;
}

function clock(time) {
  return new Date(time).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });
}
