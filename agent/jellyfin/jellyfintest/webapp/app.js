// A stand-in for Jellyfin's web app. It does with the storage of the browser what the real one does, with its faults: it reads what it keeps
// once, writes all of it back from its memory, and ignores answers that say that its token has ended. <body data-state> names what it shows:
// "home", "login", "mismatch" or "spinner" (an entry with the id of another server), or "elsewhere" (it went to another server). A page without
// a state is blank.

const credentialsKey = "jellyfin_credentials";
const memory = JSON.parse(localStorage.getItem(credentialsKey) ?? "{}"); // whatever is no JSON stops the app here
memory.Servers ??= [];

let version = "0"; // of the server
let server; // the entry of the server to which the app is connected

/** Writes the whole memory, also over what another tab has written since. */
const keep = () => localStorage.setItem(credentialsKey, JSON.stringify(memory));

/** Returns the id of this browser. */
function deviceID() {
  let id = localStorage.getItem("_deviceId2");
  if (!id) {
    id = btoa([navigator.userAgent, Date.now()].join("|")).replaceAll("=", "1");
    localStorage.setItem("_deviceId2", id);
  }
  return id;
}

/** Sends a request, with a token unless it is empty. */
function call(path, token = "", options = {}) {
  const names = { Client: "Jellyfin Web", Device: "Chrome", DeviceId: deviceID(), Version: version };
  const headers = { ...options.headers };
  if (token !== "" && !options.old) names.Token = token;
  if (token !== "" && options.old) headers["X-MediaBrowser-Token"] = token;
  headers.Authorization = "MediaBrowser " + Object.entries(names).map(([name, value]) => `${name}="${encodeURIComponent(value)}"`).join(", ");
  return fetch(server.ManualAddress + path, { ...options, headers });
}

/** Returns the address of the server: that of the configuration, or this page's own up to the last "/web". */
async function address() {
  const { servers } = await (await fetch("config.json")).json();
  const own = location.origin + location.pathname;
  return servers.length > 0 ? servers[0] : own.slice(0, own.toLowerCase().lastIndexOf("/web"));
}

/** Finds the entry of an address. Where none has it, one new entry takes the place of the whole list. */
function entryOf(here) {
  const has = (one) => [one.ManualAddress, one.LocalAddress, one.RemoteAddress].some((text) => text?.toLowerCase() === here.toLowerCase());
  let found = memory.Servers.find(has);
  if (!found) {
    found = {};
    memory.Servers = [found];
  }
  return Object.assign(found, { ManualAddress: here, manualAddressOnly: true, LastConnectionMode: 2, DateLastAccessed: Date.now() });
}

/** Shows one of the states, with elements of HTML. */
function show(state, html = "") {
  document.body.innerHTML = `<main><h1>${state}</h1>${html}</main>`;
  document.body.dataset.state = state;
}

/** Forgets who is signed in. */
const forget = () => Object.assign(server, { UserId: null, AccessToken: null });

/** Connects to the newest server of the list. */
async function connect() {
  const own = entryOf(await address());
  memory.Servers.sort((a, b) => (b.DateLastAccessed ?? 0) - (a.DateLastAccessed ?? 0));
  server = memory.Servers[0];
  if (server !== own) return show("elsewhere");
  const info = await (await call("/System/Info/Public")).json();
  version = info.Version;
  const old = /^10\.(9|10)\./.test(version);
  if (server.Id && server.Id !== info.Id) return show(old ? "spinner" : "mismatch");
  Object.assign(server, { Id: info.Id, Name: info.ServerName, LocalAddress: info.LocalAddress });
  if (localStorage.getItem("enableAutoLogin") === "false") forget();
  if (server.AccessToken && (await call("/System/Info", server.AccessToken, { old })).status !== 200) forget();
  keep();
  return server.AccessToken ? home() : login();
}

async function home() {
  const user = await (await call(`/Users/${server.UserId}`, server.AccessToken)).json();
  localStorage.setItem(`user-${user.Id}-${server.Id}`, JSON.stringify(user));
  show("home", `<p id="user"></p><ul id="cards"></ul><button id="browse">Browse</button> <button id="sign-out">Sign out</button>`);
  document.querySelector("#user").textContent = user.Name;
  document.querySelector("#browse").addEventListener("click", browse);
  document.querySelector("#sign-out").addEventListener("click", signOut);
  await browse();
}

/** Shows the libraries. An answer that is refused looks like a server without any. */
async function browse() {
  const cards = document.querySelector("#cards");
  cards.textContent = "…";
  const answer = await call(`/UserViews?userId=${server.UserId}`, server.AccessToken);
  const views = answer.ok ? (await answer.json()).Items : [];
  cards.replaceChildren(...views.map((view) => Object.assign(document.createElement("li"), { textContent: view.Name })));
  if (views.length === 0) cards.textContent = "Nothing here";
}

async function signOut() {
  await call("/Sessions/Logout", server.AccessToken, { method: "POST" });
  localStorage.removeItem(`user-${server.UserId}-${server.Id}`);
  forget();
  keep();
  login();
}

function login() {
  show("login", `<form><label>User <input name="user"></label> <label>Password <input name="password" type="password"></label>
    <label><input name="remember" type="checkbox" checked> Remember me</label> <button>Sign in</button></form> <button id="back">Back</button>`);
  document.querySelector("#back").addEventListener("click", connect);
  document.querySelector("form").addEventListener("submit", (event) => {
    event.preventDefault();
    signIn(new FormData(event.target));
  });
}

async function signIn(form) {
  localStorage.setItem("enableAutoLogin", String(form.has("remember")));
  const answer = await call("/Users/AuthenticateByName", "", {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ Username: form.get("user"), Pw: form.get("password") }),
  });
  if (!answer.ok) return;
  const { AccessToken, User } = await answer.json();
  Object.assign(server, { AccessToken, UserId: User.Id, DateLastAccessed: Date.now() });
  keep();
  await home();
}

connect();
