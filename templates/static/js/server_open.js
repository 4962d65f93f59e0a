// Opens a media server: tries its addresses from this browser, in the order in
// which they stand on the page. It goes to the first that answers, unless the page
// has something better to do: sign the person in there, or wait for the six digits
// of Quick Connect while the server opens beside it. Without this script the
// addresses are links.

const card = document.querySelector("[data-open-server]");
const status = card.querySelector("[data-status]");
const again = card.querySelector("[data-again]");
const patience = 4000; // milliseconds for one request

/** What a server says of itself to everybody; old and new ones know one of the paths. */
const paths = ["/System/Info/Public", "/emby/System/Info/Public"];

/** Sends one request that tells the other side nothing of us. */
function ask(url, mode) {
  return fetch(url, {
    mode, cache: "no-store", credentials: "omit", referrerPolicy: "no-referrer", signal: AbortSignal.timeout(patience),
  });
}

/** Returns an address without a slash at its end. The path is kept: a server may be below one. */
function base(address) {
  const { origin, pathname } = new URL(address);
  return origin + pathname.replace(/\/$/, "");
}

/**
 * Tells who answers at an address: "this" server, an "other" one, "somebody"
 * who does not let us read who they are, or nobody, "silent".
 */
async function knock(address) {
  for (const path of paths) {
    try {
      const answer = await ask(address + path, "cors");
      if (!answer.ok) continue;
      const said = await answer.json();
      return same(said.Id) ? "this" : "other";
    } catch (error) {
      if (error.name === "TimeoutError") return "silent";
      break; // not to be read, or not there: the next request tells
    }
  }
  try {
    await ask(address + paths[0], "no-cors");
    return "somebody";
  } catch {
    return "silent";
  }
}

/** Compares ids of servers, which are written with and without dashes. */
function same(id) {
  const plain = (text) => String(text ?? "").replaceAll("-", "").toLowerCase();
  return plain(id) === plain(card.dataset.openServer);
}

function say(element, text) {
  element.textContent = text;
  element.hidden = false;
}

/** Says whether this browser is in the network of the server, where its answers tell. */
function tellPlace(tried) {
  const place = card.querySelector("[data-place]");
  const home = tried.filter(({ link, answer }) => answer !== "untried" && "atHome" in link.closest("li").dataset);
  if (home.some(({ answer }) => answer === "this")) say(place, place.dataset.home);
  else if (home.length > 0 && tried.some(({ answer }) => answer === "this")) say(place, place.dataset.away);
  else place.hidden = true;
}

/** Shows which link works, and stays: the person comes back with six digits. */
function offer(link) {
  say(status, `${status.dataset.ready} ${link.href}`);
  link.classList.remove("button-quiet");
}

function go(link) {
  if ("digits" in card.dataset) return offer(link);
  say(status, `${status.dataset.opening} ${link.href}`);
  location.replace(link.href); // the way back leads to the list of servers
}

/** Tries one row and writes down what came of it. */
async function tryRow(row) {
  const link = row.querySelector("a");
  const result = row.querySelector("[data-result]");
  if (!("probe" in link.dataset)) {
    say(result, result.dataset.untried);
    return { link, answer: "untried" };
  }
  say(result, result.dataset.asking);
  const answer = await knock(base(link.href));
  say(result, { this: result.dataset.answers, somebody: result.dataset.answers, other: result.dataset.other, silent: result.dataset.silent }[answer]);
  return { link, answer };
}

async function open() {
  const pressed = document.activeElement === again;
  const stays = "digits" in card.dataset;
  again.hidden = true;
  say(status, status.dataset.trying);
  const rows = [...card.querySelectorAll("li")];
  const tried = [];
  for (const row of rows) {
    tried.push(await tryRow(row));
    if (tried.at(-1).answer === "this" && !stays) return go(tried.at(-1).link);
  }
  tellPlace(tried);
  const found = tried.find(({ answer }) => answer === "this") ?? tried.find(({ answer }) => answer === "somebody");
  if (found) return go(found.link);
  const untried = tried.filter(({ answer }) => answer === "untried").length;
  const why = { 0: "none", [rows.length]: "plainOnly" }[untried] ?? "nonePlain";
  say(status, status.dataset[why]);
  again.hidden = untried === rows.length;
  if (pressed) again.focus(); // hiding it has lost the place on the page
}

if (status && !("signsIn" in card.dataset)) {
  again.addEventListener("click", open);
  open();
}
