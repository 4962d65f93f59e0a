// Takes the secret of an invite's link out of the address and sends it in the form. Browsers
// send no fragment to a server, so that scanners and previews open only the empty page.

const secret = location.hash.slice(1);
if (secret) {
  history.replaceState(null, "", location.pathname);
  const form = document.querySelector("[data-invite-open]");
  form.elements.link.value = secret;
  form.requestSubmit();
}
