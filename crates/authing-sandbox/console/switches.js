// The switches: each is one request to the sandbox's own HTTP API, and shows what the sandbox says.

import { ask, byId, complain, element } from "./api.js";

const FAULTS = [
  ["HTTP 429, with Retry-After: 1", { kind: "throttle", retryAfter: "1" }],
  ["statusCode 500", { kind: "reply", statusCode: 500 }],
  ["HTTP 503, a gateway's web page", { kind: "raw", httpStatus: 503, body: "<html><body>Service Unavailable</body></html>" }],
  ["WeChat is busy (errcode -1)", { kind: "wechat", errcode: -1, errmsg: "system error" }],
  ["Cut before the reply, code untouched", { kind: "cut", at: "request", how: "reset" }],
  ["Cut before the reply, code used up", { kind: "cut", at: "request", how: "reset", consume: true }],
  ["Cut in the middle of the reply, code used up", { kind: "cut", at: "half-body", how: "reset", consume: true }],
  ["Garbage in place of a reply", { kind: "garbage" }],
  ["The reply comes after 30 s", { kind: "delay", delayMs: 30000 }],
  ["The reply drips, a byte every 20 ms", { kind: "drip", intervalMs: 20 }],
];

export function startSwitches(settings) {
  byId("shape").append(...settings.shapes.map((shape) => element("option", { value: shape }, shape)));
  byId("fault").append(...FAULTS.map(([name], index) => element("option", { value: index }, name)));
  on("shape", "change", () => ask("PUT", "/sandbox/shape", { shape: byId("shape").value }));
  on("latency", "change", () => ask("PUT", "/sandbox/latency", { millis: Number(byId("latency").value) }));
  on("rate", "change", () => {
    const value = byId("rate").value;
    return ask("PUT", "/sandbox/rate-limit", { perSecond: value === "" ? null : Number(value) });
  });
  on("clock-forward", "click", () => ask("POST", "/sandbox/clock", { advanceSeconds: settings.codeLifetimeSeconds }));
  on("fault-add", "click", () => ask("POST", "/sandbox/faults", FAULTS[byId("fault").value][1]));
  on("fault-clear", "click", () => ask("DELETE", "/sandbox/faults"));
}

function on(id, event, act) {
  byId(id).addEventListener(event, async () => {
    try {
      await act();
      complain("");
    } catch (problem) {
      complain(problem.message);
    }
  });
}

export function showSwitches(picture) {
  select("shape", picture.shape);
  select("latency", String(picture.latencyMillis), `${picture.latencyMillis / 1000} s`);
  const rate = picture.rateLimit.perSecond;
  select("rate", rate === null ? "" : String(rate), String(rate));
  const ahead = picture.advancedSeconds;
  byId("clock").textContent = ahead === 0 ? "Runs with this machine" : `${Math.round(ahead / 6) / 10} min ahead`;
  byId("faults").textContent = picture.totalFaults === 0 ? "Nothing will go wrong." : waiting(picture);
  byId("fault-clear").disabled = picture.totalFaults === 0;
}

function waiting({ faults, totalFaults }) {
  const names = faults.map((fault) => {
    const what = fault.at ? `${fault.kind} at ${fault.at}` : fault.kind;
    return fault.permanent ? `${what} (always)` : fault.times > 1 ? `${what} (${fault.times} times)` : what;
  });
  const more = totalFaults > faults.length ? `, and ${totalFaults - faults.length} more` : "";
  return `Waiting: ${names.join(", then ")}${more}`;
}

/** Chooses a value that may have been set elsewhere; one that is not in the list is added. */
function select(id, value, name = value) {
  const list = byId(id);
  // Not under the reader's hand.
  if (list.value === value || document.activeElement === list && list.matches(":open")) return;
  if (![...list.options].some((option) => option.value === value)) {
    list.append(element("option", { value }, name));
  }
  list.value = value;
}
