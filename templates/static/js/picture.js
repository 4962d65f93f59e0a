// The page on which a picture is chosen. A photo is made small in the browser before it is sent, so that
// it is sent quickly, and so that photos that are larger than the service takes can be used, too. Without
// a script, the file is sent as it is.

const side = 512; // pixels, as the service keeps it

/** Returns a copy of an image file with at most `side` pixels on its longer side. */
async function shrunk(file) {
  const image = await createImageBitmap(file);
  const scale = Math.min(1, side / Math.max(image.width, image.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(image.width * scale));
  canvas.height = Math.max(1, Math.round(image.height * scale));
  const pen = canvas.getContext("2d");
  pen.imageSmoothingQuality = "high";
  pen.drawImage(image, 0, 0, canvas.width, canvas.height);
  // Only the other kinds can have transparent parts.
  const kind = file.type === "image/jpeg" ? "image/jpeg" : "image/png";
  const blob = await new Promise((done) => canvas.toBlob(done, kind, 0.9));
  return { file: new File([blob], "picture", { type: kind }), address: canvas.toDataURL(kind, 0.9) };
}

for (const form of document.querySelectorAll("form[data-picture]")) {
  const input = form.querySelector("input[type=file]");
  input.addEventListener("change", async () => {
    const chosen = input.files[0];
    if (!chosen) return;
    try {
      const small = await shrunk(chosen);
      const files = new DataTransfer();
      files.items.add(small.file);
      input.files = files.files;
      const shown = document.createElement("img");
      Object.assign(shown, { className: "face", src: small.address, alt: "" });
      document.querySelector(".face").replaceWith(shown);
    } catch {
      // It is no picture that this browser can read: the service says what is wrong.
    }
  });
}
