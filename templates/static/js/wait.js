// The page on which somebody waits for a media server: it is loaded anew when
// there is something else to say. Without scripts it loads itself from time to
// time.

const own = document.querySelector("script[data-ask]");
const pause = 2000; // milliseconds between two questions
const patience = 10_000; // for one answer

async function stillTheSame() {
  try {
    const answer = await fetch(own.dataset.ask, { cache: "no-store", redirect: "manual", signal: AbortSignal.timeout(patience) });
    if (answer.status >= 500 || answer.status === 429) return true; // it will be back
    if (!answer.ok) return false; // signed out, or no longer allowed: the page says so
    return (await answer.json()).state === own.dataset.state;
  } catch {
    return true; // away for a moment
  }
}

async function wait() {
  if (document.visibilityState === "hidden" || (await stillTheSame())) setTimeout(wait, pause);
  else location.reload();
}

setTimeout(wait, pause);
