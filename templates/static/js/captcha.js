// The proof of work of a form: <div data-captcha="pow" data-challenge="/captcha/challenge" data-worker="…"> inside it holds a
// hidden input named altcha and an element [data-captcha-status] with role=status, whose attributes data-working, data-done and data-failed (or those
// of the div) are what it says, in the reader's language.
//
// The work begins when the person enters the form, so that it is usually done before they have filled it in. A submit that comes
// earlier is held and goes on by itself.

const EXPIRY_MARGIN = 15_000; // ms that a challenge must still live when the form leaves
const SENDING = 10_000; // ms in which a second click on the button is no second submit
const FETCH_DEADLINE = 15_000; // ms

class ProofOfWork {
  #form;
  #root;
  #input;
  #status;
  #goodUntil = 0; // when the answer in the input expires, by our clock; 0 if there is none
  #working = false;
  #failed = false;
  #held = null; // the submit that waits for the answer
  #sending = 0; // when the form left

  constructor(form, root) {
    this.#form = form;
    this.#root = root;
    this.#input = root.querySelector('input[name="altcha"]');
    this.#status = root.querySelector('[data-captcha-status]');
    this.#forget(); // browsers restore inputs, and an answer counts only once

    for (const kind of ['focusin', 'input']) { // a password manager fills in without focusing
      form.addEventListener(kind, (event) => {
        // Not on a button: the text that appears while it is pressed would move it away from the pointer, and the click be lost.
        if (event.target.closest('button, [type="submit"]')) return;
        if (!this.#failed) this.#work(); // after a failure the person decides when to try again
      });
    }
    form.addEventListener('submit', (event) => this.#submit(event));
    window.addEventListener('pageshow', (event) => {
      if (event.persisted) this.#forget(); // back from the page that the answer was spent on
    });
    if (form.contains(document.activeElement)) this.#work(); // the page put the focus there before we came
  }

  #submit(event) {
    if (event.defaultPrevented) return;
    if (this.#isSending()) {
      event.preventDefault();
      return;
    }
    if (this.#isGood()) {
      this.#leave(event);
      return;
    }
    event.preventDefault();
    this.#held = { submitter: event.submitter };
    this.#work();
  }

  // leave lets the submit happen. The answer is spent with it, unless somebody else stops the event.
  #leave(event) {
    this.#sending = Date.now();
    setTimeout(() => {
      if (event.defaultPrevented) this.#sending = 0;
      else this.#goodUntil = 0;
    }, 0);
  }

  // work gets an answer, if there is none and nobody is at it, and sends what was held.
  async #work() {
    if (this.#working || this.#isGood() || this.#isSending()) return;
    this.#working = true;
    this.#show('working');
    try {
      const { challenge, goodUntil } = await fetchChallenge(this.#root.dataset.challenge);
      this.#input.value = await solve(challenge, this.#root.dataset.worker);
      this.#goodUntil = goodUntil;
      if (!this.#isGood()) throw new Error('the challenge ran out before it was solved');
      this.#failed = false;
      this.#show('done');
    } catch (error) {
      console.warn('captcha:', error);
      this.#failed = true;
      this.#held = null;
      this.#show('failed');
    } finally {
      this.#working = false;
    }
    this.#goOn();
  }

  #goOn() {
    if (!this.#held) return;
    const { submitter } = this.#held;
    this.#held = null;
    // A button that has left the form meanwhile, or is none, cannot be named.
    this.#form.requestSubmit(submitter?.form === this.#form ? submitter : null);
  }

  #forget() {
    this.#input.value = '';
    this.#goodUntil = 0;
    this.#sending = 0;
    this.#show('');
  }

  #isGood() {
    return Date.now() < this.#goodUntil;
  }

  #isSending() {
    return Date.now() - this.#sending < SENDING;
  }

  // show says the state; the attribute data-state is for the stylesheet.
  #show(state) {
    this.#root.dataset.state = state;
    this.#status.textContent = this.#status.dataset[state] ?? this.#root.dataset[state] ?? '';
  }
}

// fetchChallenge gets a challenge and says until when, by our clock, its answer is good. The clock of the device may be wrong, so
// the server's Date header tells how long that is.
async function fetchChallenge(address) {
  const response = await fetch(address, {
    cache: 'no-store',
    headers: { Accept: 'application/json' },
    signal: AbortSignal.timeout(FETCH_DEADLINE),
  });
  if (!response.ok) throw new Error(`the challenge came with status ${response.status}`);
  const received = Date.now();
  const challenge = await response.json();
  const [, query = ''] = challenge.salt.split('?');
  const expires = Number(new URLSearchParams(query).get('expires')) * 1000;
  const sent = Date.parse(response.headers.get('Date')) || received;
  return { challenge, goodUntil: received + (expires - sent) - EXPIRY_MARGIN };
}

// solve has a worker search for the number and returns the value of the form field.
async function solve(challenge, workerAddress) {
  const began = performance.now();
  const number = await search(challenge, workerAddress);
  if (number < 0) throw new Error('the challenge has no solution');
  const { algorithm, salt, signature } = challenge;
  const took = Math.round(performance.now() - began);
  return btoa(JSON.stringify({ algorithm, challenge: challenge.challenge, number, salt, signature, took }));
}

async function search(challenge, workerAddress) {
  const worker = new Worker(workerAddress ?? new URL('captcha_worker.js', import.meta.url));
  try {
    return await new Promise((resolve, reject) => {
      worker.onmessage = ({ data }) => resolve(data);
      worker.onerror = (event) => reject(new Error(event.message || 'the worker did not start'));
      worker.postMessage(challenge);
    });
  } finally {
    worker.terminate();
  }
}

for (const root of document.querySelectorAll('[data-captcha="pow"]')) {
  const form = root.closest('form');
  if (form) new ProofOfWork(form, root);
}
