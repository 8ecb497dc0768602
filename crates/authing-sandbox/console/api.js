// Talks to the sandbox that served this page, and to nothing else.

export class Refused extends Error {}

/** Asks one of the sandbox's own routes; throws Refused with the sandbox's own sentence. */
export async function ask(method, path, body) {
  const options = { method, cache: "no-store" };
  if (body !== undefined) {
    options.headers = { "content-type": "application/json" };
    options.body = JSON.stringify(body);
  }
  let reply;
  try {
    reply = await fetch(path, options);
  } catch {
    throw new Refused("The sandbox does not answer. Is it still running?");
  }
  const text = await reply.text();
  let value;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Refused(`The sandbox answered with HTTP ${reply.status}.`);
  }
  if (!reply.ok) {
    throw new Refused(sentence(value.error ?? `HTTP ${reply.status}`));
  }
  return value;
}

/** Calls `show` with every new picture of the sandbox, and `state` when the line breaks or mends. */
export function watch(show, state) {
  const source = new EventSource("/sandbox/events");
  source.addEventListener("picture", (event) => show(JSON.parse(event.data)));
  source.addEventListener("open", () => state(true));
  source.addEventListener("error", () => {
    state(false);
    // A browser gives up after an HTTP error; the sandbox may be back in a moment.
    if (source.readyState === EventSource.CLOSED) {
      setTimeout(() => watch(show, state), 3000);
    }
  });
}

/** An element with properties and children; text is always text. */
export function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

export const byId = (id) => document.getElementById(id);

export function sentence(text) {
  const upper = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(upper) ? upper : `${upper}.`;
}

/** Shows what a switch or a step could not do; an empty text hides it. */
export function complain(text) {
  const place = byId("problem");
  place.hidden = !text;
  place.textContent = text;
}
