// Adds the button that copies the link of an invite. Without it the link is text that can be
// selected.

const link = document.querySelector("[data-copy]");
const button = document.createElement("button");
button.type = "button";
button.className = "button button-wide";
button.textContent = link.dataset.copy;
const said = document.createElement("p");
said.className = "hint";
said.setAttribute("role", "status");

/** Selects the link, for browsers that let no page write to the clipboard. */
function select() {
  const range = document.createRange();
  range.selectNodeContents(link);
  getSelection().removeAllRanges();
  getSelection().addRange(range);
}

button.addEventListener("click", async () => {
  select();
  try {
    await navigator.clipboard.writeText(link.textContent);
    said.textContent = link.dataset.copied;
  } catch {
    said.textContent = "";
  }
});
link.after(button, said);
