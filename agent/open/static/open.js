// Signs this browser in at the web app of the media server. It runs at the media
// server's own origin, because only pages of this origin may write what the web app
// reads. Everything that it needs to know of the person comes from the agent, which
// asks the service: see docs/agent.md.

const base = document.body.dataset.base;
const builtin = "builtin" in document.body.dataset;
const address = location.origin + base;
const app = "Jellyfin Web"; // the name that the web app gives itself
const patience = 15000; // milliseconds for one request
const credentialsKey = "jellyfin_credentials"; // the three names that the web app uses
const deviceKey = "_deviceId2";
const autoKey = "enableAutoLogin";
const flowKey = "latchkey-open";
const byID = (id) => document.getElementById(id);

/** Ends the way in with a text for the person: which of the texts on the page, and where to go on. */
class Stop extends Error {
  constructor(say, ...ways) {
    super(say);
    this.ways = ways;
  }
}

/** Shows a text of the page. */
function say(name) {
  byID("status").textContent = document.querySelector(`[data-say="${name}"]`).textContent;
}

/** Puts values into the text of an element and shows it. */
function tell(element, ...values) {
  element.textContent = element.dataset.text.replaceAll(/\{(\d)\}/g, (_, at) => values[at - 1]);
  element.hidden = false;
}

/** Sends a request to the media server or to the agent, which are both here. */
function ask(path, options = {}) {
  return fetch(base + path, { cache: "no-store", credentials: "omit", redirect: "manual", signal: AbortSignal.timeout(patience), ...options });
}

/** Sends a request with a token of the media server. */
const withToken = (path, token, options) => ask(path, { ...options, headers: { Authorization: `MediaBrowser Token="${token}"` } });

/** Where to go on after some refusals; after all others it is the web app. */
const ways = { over: "again", pin: "unlock" };

/** Asks the agent. A refusal names the text that says why. */
async function agent(step, body) {
  let answer;
  try {
    answer = await ask(`/latchkey/${step}`, {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
    });
  } catch {
    throw new Stop("away", "app");
  }
  const said = await answer.json().catch(() => null);
  if (said === null || answer.type === "opaqueredirect") {
    throw answer.status >= 500 ? new Stop("away", "app") : new Stop("not_connected", "app");
  }
  if (answer.ok) return said;
  throw new Stop(document.querySelector(`[data-say="${CSS.escape(said.error ?? "")}"]`) ? said.error : "away", ways[said.error] ?? "app");
}

/** Stops unless this browser keeps something for this site. */
function probe() {
  const text = "x".repeat(1000);
  try {
    for (const storage of builtin ? [sessionStorage] : [localStorage, sessionStorage]) {
      storage.setItem("latchkey-probe", text);
      const kept = storage.getItem("latchkey-probe") === text;
      storage.removeItem("latchkey-probe");
      if (!kept) throw new Error("nothing is kept");
    }
  } catch {
    throw new Stop("storage");
  }
}

/** Reads a JSON answer of the media server. */
async function read(path) {
  let answer;
  try {
    answer = await ask(path);
  } catch {
    throw new Stop("away", "app");
  }
  const said = answer.ok ? await answer.json().catch(() => null) : null;
  if (said === null) throw new Stop("away", "app");
  return said;
}

/** Returns what the media server says of itself, if its web app can be opened. */
async function look() {
  const info = await read("/System/Info/Public");
  if (info.StartupWizardCompleted === false) throw new Stop("not_set_up", "app");
  if (!/^[0-9a-f-]{32,36}$/i.test(info.Id ?? "")) throw new Stop("away", "app"); // it is starting
  if (builtin) return info;
  const { servers } = await read("/web/config.json");
  if (Array.isArray(servers) && servers.length > 0 && !servers.some(isHere)) throw new Stop("elsewhere", "app");
  return info;
}

/** Reports whether an address is that of this media server, as the web app compares them. */
function isHere(text) {
  return typeof text === "string" && text.replace(/\/+$/, "").toLowerCase() === address.toLowerCase();
}

/** Returns the list of servers that the web app keeps; an empty one if it cannot be read. */
function readServers() {
  try {
    const list = JSON.parse(localStorage.getItem(credentialsKey))?.Servers;
    return Array.isArray(list) ? list.filter((one) => one !== null && typeof one === "object") : [];
  } catch {
    return [];
  }
}

const isOurs = (info) => (one) =>
  String(one.Id ?? "").toLowerCase() === info.Id.toLowerCase() || [one.ManualAddress, one.LocalAddress, one.RemoteAddress].some(isHere);

/** Returns the token that the web app has for this media server, or "". */
function readToken(info) {
  const found = readServers().filter(isOurs(info)).map((one) => one.AccessToken).find((token) => typeof token === "string" && token !== "");
  return /^[\w.-]+$/.test(found ?? "") ? found : "";
}

/** Tells whose a token is: the local user, or null for a token that has ended. */
async function owner(token) {
  let answer;
  try {
    answer = await withToken("/Users/Me", token);
  } catch {
    throw new Stop("away", "app");
  }
  if (answer.ok) return answer.json();
  if (answer.status === 401) return null;
  throw answer.status === 403 ? new Stop("hours") : new Stop("away", "app");
}

/** Ends a token; a token that cannot be ended stays in the agent's book. */
const end = (token) => withToken("/Sessions/Logout", token, { method: "POST", keepalive: true }).catch(() => {});

/** Returns the id of this browser, which the web app never changes. Where it has none, it makes it so. */
function deviceID() {
  const known = localStorage.getItem(deviceKey);
  if (known) return known;
  const id = btoa([navigator.userAgent.replaceAll(/[^\x20-\x7e]/g, ""), Date.now()].join("|")).replaceAll("=", "1");
  try {
    localStorage.setItem(deviceKey, id);
  } catch {
    throw new Stop("storage");
  }
  return id;
}

/** Names the browser, as the web app does. */
function browserName() {
  const known = [["Edg", "Edge"], ["OPR", "Opera"], ["Firefox", "Firefox"], ["Chrome", "Chrome"], ["Safari", "Safari"]];
  return known.find(([mark]) => navigator.userAgent.includes(mark))?.[1] ?? "Web Browser";
}

/** Writes what the web app reads at its start, and reads it back. */
function write(info, userID, token) {
  const now = Date.now();
  const servers = readServers();
  const old = servers.find(isOurs(info)) ?? {};
  const others = servers.filter((one) => !isOurs(info)(one)).map((one) => // the web app goes to the newest
    one.DateLastAccessed >= now ? { ...one, DateLastAccessed: now - 1 } : one);
  const ours = {
    ...old, Id: info.Id, Name: info.ServerName ?? old.Name, ManualAddress: address, manualAddressOnly: true,
    LastConnectionMode: 2, DateLastAccessed: now, UserId: userID, AccessToken: token,
  };
  const text = JSON.stringify({ Servers: [ours, ...others] });
  localStorage.setItem(credentialsKey, text);
  localStorage.setItem(autoKey, "true"); // with "false" the web app forgets the token when it starts
  if (localStorage.getItem(credentialsKey) !== text) throw new Error("nothing was kept");
}

/** Asks a person whose browser is signed in as somebody else. */
function confirmSwitch(name, other) {
  byID("status").textContent = "";
  tell(byID("ask"), name, other);
  byID("other").hidden = false;
  byID("switch").focus();
  return new Promise((resolve) => {
    byID("switch").addEventListener("click", () => resolve(true), { once: true });
    byID("stay").addEventListener("click", () => resolve(false), { once: true });
  }).finally(() => { byID("other").hidden = true; });
}

/** Makes a token, looks whose it is, and writes it down. One that cannot be kept is ended. */
async function signIn(flow, who, info) {
  const made = await agent("mint", { flow, device_id: deviceID(), device: browserName(), version: String(info.Version ?? "") });
  try {
    const me = await owner(made.access_token);
    if (me?.Id !== who.user_id) throw new Stop("away", "app");
    write(info, who.user_id, made.access_token);
  } catch (error) {
    await end(made.access_token);
    throw error instanceof Stop ? error : new Stop("storage");
  }
}

const same = (a, b) => String(a).replaceAll("-", "").toLowerCase() === String(b).replaceAll("-", "").toLowerCase();

/** Begins: goes to the service, which knows whether the person has pressed Open. */
async function begin() {
  const begun = await agent("begin", { server: new URLSearchParams(location.search).get("server") ?? "" });
  sessionStorage.setItem(flowKey, begun.flow);
  location.replace(begun.url);
}

/** Goes on with the code that the service has given to this browser. */
async function finish(fragment, info) {
  const flow = sessionStorage.getItem(flowKey);
  sessionStorage.removeItem(flowKey);
  if (!flow) throw new Stop("over", "again"); // it began in another browser
  const who = await agent("who", { flow, state: fragment.get("state"), code: fragment.get("code") });
  if (builtin) {
    byID("status").textContent = "";
    return tell(byID("person"), who.name);
  }
  const token = readToken(info);
  const me = token === "" ? null : await owner(token);
  if (me !== null && same(me.Id, who.user_id)) {
    try {
      write(info, me.Id, token); // nobody's film stops
    } catch {
      throw new Stop("storage");
    }
  } else {
    if (me !== null && !await confirmSwitch(who.name, me.Name)) return location.replace(`${base}/web/`);
    say("opening");
    await signIn(flow, who, info);
    if (me !== null) await end(token);
  }
  location.replace(`${base}/web/`);
}

async function open() {
  const fragment = new URLSearchParams(location.hash.slice(1));
  if (location.hash !== "") history.replaceState(null, "", location.pathname + location.search);
  say("opening");
  try {
    probe();
    const info = await look();
    await (fragment.has("code") ? finish(fragment, info) : begin());
  } catch (error) {
    say(error instanceof Stop ? error.message : "away");
    for (const way of error.ways ?? ["app"]) byID(way).hidden = way === "app" && builtin;
  }
}

addEventListener("hashchange", () => location.reload());
open();
