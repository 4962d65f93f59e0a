// The form of an invite shows what is for guests alone only while a guest is
// chosen. Without it a heading says whom it is for.

const chosen = document.querySelector("select[name=local_user_id]");
const guests = document.querySelector("[data-guests]");

function show() {
  const guest = chosen.value === "";
  guests.hidden = !guest;
  for (const part of guests.querySelectorAll("fieldset")) part.disabled = !guest; // or it would be sent
}

if (chosen) {
  const wrong = guests.querySelector(".field-error");
  if (!wrong) show(); // what is wrong must stay to be seen
  chosen.addEventListener("change", show);
}
