// Pictures that the core can't decode (HEIC, AVIF, BMP, TIFF): where the browser can show one, it becomes a JPEG here, as
// phones themselves do when they hand photos on, so that everybody at school can open it. Nothing of what a camera wrote
// beside the picture survives that. What the browser can't show goes to the core as it is, which refuses it in words.

const QUALITY = 0.92;
/** The core's own limit; more is not worth unpacking. */
const MOST_PIXELS = 64_000_000;
/** Brands of files that are pictures although they look like films. */
const PICTURES = ["heic", "heix", "heim", "heis", "hevc", "hevx", "mif1", "msf1", "avif", "avis"];

export async function asKept(file: Blob): Promise<Blob> {
  const first = new Uint8Array(await file.slice(0, 12).arrayBuffer());
  return (isForeign(first) && (await converted(file))) || file;
}

/** By their first bytes. */
function isForeign(first: Uint8Array): boolean {
  const text = String.fromCharCode(...first);
  if (text.slice(4, 8) === "ftyp") return PICTURES.includes(text.slice(8, 12));
  return text.startsWith("BM") || text.startsWith("II*\0") || text.startsWith("MM\0*");
}

async function converted(file: Blob): Promise<Blob | null> {
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
      return made.type === "image/jpeg" ? made : null;
    } finally {
      picture.close();
    }
  } catch {
    // Not a picture, or not one this browser shows.
    return null;
  }
}
