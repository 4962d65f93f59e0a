// "Who is watching?": the arrows of a remote control or keyboard move between the
// tiles and over the PIN pad. Without scripts the tiles are links and buttons, and the
// PIN is typed into its field.

const area = document.querySelector("[data-arrows]");
const pad = document.querySelector("[data-pad]");
const field = document.querySelector("#pin");
const stops = () => [...document.querySelectorAll("[data-arrows] a, [data-arrows] button, [data-arrows] input")].filter((one) => one.offsetParent);

const directions = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

function middle(element) {
  const box = element.getBoundingClientRect();
  return [box.left + box.width / 2, box.top + box.height / 2];
}

// nearest returns the stop that lies next in a direction. What lies straight ahead is
// nearer than what lies aside.
function nearest(from, [right, down]) {
  const [x, y] = middle(from);
  let best;
  let least = Infinity;
  for (const one of stops()) {
    const [toX, toY] = middle(one);
    const ahead = (toX - x) * right + (toY - y) * down;
    const aside = Math.abs((toX - x) * down) + Math.abs((toY - y) * right);
    if (one === from || ahead < 5 || (right !== 0 && aside > 40)) continue;
    if (ahead + 2 * aside < least) [best, least] = [one, ahead + 2 * aside];
  }
  return best;
}

function type(digit) {
  field.value = digit === "" ? field.value.slice(0, -1) : field.value + digit;
  document.querySelector("[data-count]").textContent = `${pad.dataset.typed} ${field.value.length}`;
}

document.addEventListener("keydown", (event) => {
  if (event.altKey || event.ctrlKey || event.metaKey) return;
  const here = document.activeElement;
  const inside = area?.contains(here);
  const direction = directions[event.key];
  if (direction && area) {
    if (here === field && direction[0] !== 0) return; // it moves in the text
    if (!inside && here !== document.body) return;
    const next = inside ? nearest(here, direction) : stops()[0];
    if (!next) return;
    event.preventDefault();
    next.focus();
    return;
  }
  if (!pad || !inside || here === field) return;
  if (/^[0-9]$/.test(event.key)) type(event.key);
  else if (event.key === "Backspace") type("");
  else return;
  event.preventDefault();
});

if (pad) {
  pad.hidden = false;
  pad.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button) type(button.dataset.digit ?? "");
  });
}
