// What every page gains from scripts. Nothing here is needed: without it the
// same forms are sent and the same words are read.

const icon = {
  off: "M2.75 12S6 5.75 12 5.75 21.25 12 21.25 12 18 18.25 12 18.25 2.75 12 2.75 12z M12 9.25a2.75 2.75 0 1 1 0 5.5 2.75 2.75 0 0 1 0-5.5z",
  on: "M4 4l16 16 M9.9 6c.67-.16 1.37-.25 2.1-.25 6 0 9.25 6.25 9.25 6.25a16.9 16.9 0 0 1-2.6 3.4 M6.4 7.6A16.1 16.1 0 0 0 2.75 12S6 18.25 12 18.25c1.7 0 3.2-.5 4.5-1.2 M10.1 10.1a2.75 2.75 0 0 0 3.8 3.8",
};

/** Draws one state of the eye. */
function eye(state) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  const attributes = {
    class: `icon reveal-${state}`, viewBox: "0 0 24 24", width: "24", height: "24", fill: "none",
    stroke: "currentColor", "stroke-width": "1.75", "stroke-linecap": "round", "stroke-linejoin": "round",
    "aria-hidden": "true", focusable: "false",
  };
  for (const [name, value] of Object.entries(attributes)) svg.setAttribute(name, value);
  path.setAttribute("d", icon[state]);
  svg.append(path);
  return svg;
}

/** Gives a secret's field the button that shows what is typed. */
function addReveal(control) {
  const input = control.querySelector("input");
  const label = document.querySelector(`label[for="${CSS.escape(input.id)}"]`);
  const name = `${document.body.dataset.reveal}: ${label.textContent.trim()}`;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "reveal";
  button.title = document.body.dataset.reveal;
  button.setAttribute("aria-label", name);
  button.setAttribute("aria-controls", input.id);
  button.append(eye("off"), eye("on"));
  const show = (shown) => {
    input.type = shown ? "text" : "password";
    button.setAttribute("aria-pressed", String(shown));
  };
  show(false);
  button.addEventListener("click", () => show(input.type === "password"));
  // Sent as a password, so that no browser offers it as a remembered word.
  input.form?.addEventListener("submit", () => show(false));
  control.append(button);
  control.classList.add("control-reveal");
}

/** Lets a form be sent once; a second click while it is under way does nothing. */
function sendOnce(event) {
  if (event.defaultPrevented) return; // something else still works on it
  const form = event.target;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "true";
  for (const button of form.querySelectorAll("button.button")) button.setAttribute("aria-disabled", "true");
  setTimeout(() => release(form), 15_000);
}

function release(form) {
  delete form.dataset.sent;
  for (const button of form.querySelectorAll("button.button")) button.removeAttribute("aria-disabled");
}

/** Moves to what is wrong, unless the page itself says where to begin. */
function focusProblem() {
  if (document.querySelector("[autofocus]")) return;
  const wrong = document.querySelector('[aria-invalid="true"]') ?? document.getElementById("problem");
  wrong?.focus();
}

/** Says a status that was on the page from the start: only a change is announced. */
function announce(status) {
  const words = status.querySelector("p");
  setTimeout(() => words.replaceWith(words.cloneNode(true)), 200);
}

/** Says whether a browser can write times in a language: some have names such as "en-US@posix", at which Intl throws. */
function isLanguage(tag) {
  try {
    return Intl.DateTimeFormat.supportedLocalesOf(tag).length > 0;
  } catch {
    return false;
  }
}

/** How times are written: in the page's language, as the reader's country writes it. */
function timeShape() {
  const language = document.documentElement.lang;
  const own = (navigator.languages ?? []).find((tag) => tag.split("-")[0] === language && tag !== language && isLanguage(tag));
  return new Intl.DateTimeFormat(own ?? (language === "en" ? "en-GB" : language), { dateStyle: "long", timeStyle: "short" });
}

/** Writes a time in the reader's own zone. */
function localTime(time, shape) {
  const moment = new Date(time.dateTime);
  if (Number.isNaN(moment.getTime())) return;
  time.title = time.textContent;
  time.textContent = shape.format(moment);
}

/** Tells the zone of the browser, in which mails then tell times, and offers the other zones. */
function proposeTimeZone(input) {
  input.value ||= Intl.DateTimeFormat().resolvedOptions().timeZone ?? "";
  if (input.type === "hidden" || !Intl.supportedValuesOf) return;
  const list = document.createElement("datalist");
  list.id = "time-zones";
  list.append(...Intl.supportedValuesOf("timeZone").map((zone) => new Option(zone, zone)));
  input.after(list);
  input.setAttribute("list", list.id);
}

for (const control of document.querySelectorAll("[data-reveal]:not(body)")) addReveal(control);
for (const input of document.querySelectorAll("input[name=time_zone]")) proposeTimeZone(input);
const shape = timeShape();
for (const time of document.querySelectorAll("time[datetime]")) localTime(time, shape);
const notice = document.getElementById("notice");
if (notice) announce(notice);
focusProblem();
document.addEventListener("submit", sendOnce);
addEventListener("pageshow", (event) => {
  if (event.persisted) document.querySelectorAll("form[data-sent]").forEach(release);
});
