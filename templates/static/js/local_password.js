// A password for a local user. It is made here, or typed, and sealed to the key of the agent beside
// the media server, so that the service carries what it cannot read. Only what is sealed is sent.

const form = document.querySelector("form[data-key]");
const curve = { name: "ECDH", namedCurve: "P-256" };
const room = 512; // bytes that every password is filled up to, so that its length does not show

/** Makes a phrase of five groups that can be said aloud: 63 bits. */
function makePhrase() {
  const consonants = "bdfgklmnprstvwz" + "h";
  const vowels = "aeiou";
  const group = () => {
    let text = "";
    while (text.length < 4) {
      const [byte] = crypto.getRandomValues(new Uint8Array(1));
      if (text.length % 2 === 0) text += consonants[byte & 15];
      else if (byte < 255) text += vowels[byte % 5];
    }
    return text;
  };
  return Array.from({ length: 5 }, group).join("-");
}

const fromBase64 = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
const toBase64 = (bytes) => btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

/** Seals a password to the agent's key, for this link alone. */
async function seal(password) {
  const text = new TextEncoder();
  const agent = await crypto.subtle.importKey("raw", fromBase64(form.dataset.key), curve, false, []);
  const own = await crypto.subtle.generateKey(curve, false, ["deriveBits"]);
  const point = new Uint8Array(await crypto.subtle.exportKey("raw", own.publicKey));
  const shared = await crypto.subtle.deriveBits({ name: "ECDH", public: agent }, own.privateKey, 256);
  const base = await crypto.subtle.importKey("raw", shared, "HKDF", false, ["deriveKey"]);
  const key = await crypto.subtle.deriveKey(
    { name: "HKDF", hash: "SHA-256", salt: point, info: text.encode(`latchkey local password ${form.dataset.link}`) },
    base, { name: "AES-GCM", length: 256 }, false, ["encrypt"],
  );
  const plain = new Uint8Array(room);
  plain.set(text.encode(password));
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const hidden = new Uint8Array(await crypto.subtle.encrypt({ name: "AES-GCM", iv }, key, plain));
  return toBase64(new Uint8Array([...point, ...iv, ...hidden]));
}

/** Seals what was chosen, and sends the form without it. */
async function give(event) {
  event.preventDefault();
  const own = form.querySelector("#own");
  const typed = own.value.normalize("NFC");
  own.setCustomValidity(typed !== "" && [...typed].length < Number(form.dataset.least) ? form.dataset.short : "");
  if (!own.reportValidity()) return;
  form.elements.sealed.value = await seal(typed || phrase);
  own.value = "";
  form.submit();
}

const phrase = makePhrase();
if (form) {
  if (crypto.subtle) {
    form.querySelector("[data-phrase]").textContent = phrase;
    form.hidden = false;
    form.addEventListener("submit", give);
    form.querySelector("#own").addEventListener("input", (event) => event.target.setCustomValidity(""));
  } else {
    document.querySelector("[data-insecure]").hidden = false; // the page came without https
  }
}
