// Puts the parts of the console together.

import { ask, byId, complain, watch } from "./api.js";
import { showPicture } from "./board.js";
import { startPhone } from "./phone.js";
import { showSwitches, startSwitches } from "./switches.js";

function connected(open) {
  const place = byId("connection");
  place.textContent = open ? "Live" : "Connection lost, trying again…";
  place.classList.toggle("live", open);
  place.classList.toggle("lost", !open);
}

try {
  const settings = await ask("GET", "/sandbox/settings");
  startPhone(settings);
  startSwitches(settings);
  watch((picture) => {
    showPicture(picture, settings);
    showSwitches(picture);
  }, connected);
} catch (problem) {
  connected(false);
  complain(problem.message);
}
