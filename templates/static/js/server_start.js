// The page about getting in: copying an address, and printing. Both buttons appear only where they
// work; without a script the address can be marked and the browser's own menu prints.

/** Puts a button behind an address that copies it. */
function addCopy(address) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "button button-quiet button-small";
  button.textContent = address.dataset.copy;
  button.setAttribute("aria-describedby", address.id);
  const said = document.createElement("span");
  said.className = "hint";
  said.setAttribute("role", "status");
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(address.textContent);
      said.textContent = address.dataset.copied;
    } catch {
      getSelection().selectAllChildren(address); // the browser does not allow it: one key copies what is marked
    }
  });
  address.after(" ", button, " ", said);
}

if (navigator.clipboard) for (const address of document.querySelectorAll("[data-copy]")) addCopy(address);
for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => print());
}
