// Photos in formats that the core does not keep yet (HEIC, WebP, AVIF, GIF): where the browser can show one, it becomes a
// JPEG here, as phones themselves do when they hand photos on. Nothing of what a camera wrote beside the picture survives
// that. What the browser can't show goes to the core as it is, which refuses it in words.

const QUALITY = 0.92;
/** The core's own limit; more is not worth unpacking. */
const MOST_PIXELS = 64_000_000;

export async function asKept(file: Blob): Promise<Uint8Array> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  if (isKept(bytes)) return bytes;
  return (await converted(file)) ?? bytes;
}

/** JPEG and PNG, by their first bytes. */
function isKept(bytes: Uint8Array): boolean {
  const starts = (...first: number[]): boolean => first.every((byte, at) => bytes[at] === byte);
  return bytes.length === 0 || starts(0xff, 0xd8, 0xff) || starts(0x89, 0x50, 0x4e, 0x47);
}

async function converted(file: Blob): Promise<Uint8Array | null> {
  try {
    const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
    try {
      if (picture.width * picture.height > MOST_PIXELS) return null;
      const canvas = new OffscreenCanvas(picture.width, picture.height);
      const paper = canvas.getContext("2d");
      if (!paper) return null;
      // JPEG has no transparency; paper is white.
      paper.fillStyle = "#fff";
      paper.fillRect(0, 0, picture.width, picture.height);
      paper.drawImage(picture, 0, 0);
      const made = await canvas.convertToBlob({ type: "image/jpeg", quality: QUALITY });
      return made.type === "image/jpeg" ? new Uint8Array(await made.arrayBuffer()) : null;
    } finally {
      picture.close();
    }
  } catch {
    // Not a picture, or not one this browser shows.
    return null;
  }
}
