// A picture of a film, taken where it has begun: the core does not decode films, the browser does.

/** The longest side; the core makes its small pictures no larger. */
const SIDE = 1280;
const QUALITY = 0.85;
/** Into the film: its very first picture is often black. */
const AT_SECONDS = 0.5;
/** A browser that can't show a film may never say so. */
const PATIENCE_MS = 8_000;

/** Null where the browser can't show the film. */
export async function posterOf(url: string): Promise<Blob | null> {
  const film = document.createElement("video");
  film.muted = true;
  film.playsInline = true;
  film.preload = "auto";
  try {
    film.src = url;
    await heard(film, "loadeddata");
    if (Number.isFinite(film.duration) && film.duration > 0) {
      film.currentTime = Math.min(AT_SECONDS, film.duration / 2);
      await heard(film, "seeked");
    }
    return await drawn(film);
  } catch {
    return null;
  } finally {
    film.removeAttribute("src");
    film.load();
  }
}

function heard(film: HTMLVideoElement, event: "loadeddata" | "seeked"): Promise<void> {
  return new Promise((done, failed) => {
    const late = setTimeout(() => failed(new Error("late")), PATIENCE_MS);
    const settle = (act: () => void) => (): void => {
      clearTimeout(late);
      act();
    };
    film.addEventListener(event, settle(done), { once: true });
    film.addEventListener("error", settle(() => failed(new Error("not shown"))), { once: true });
  });
}

async function drawn(film: HTMLVideoElement): Promise<Blob | null> {
  const scale = Math.min(1, SIDE / Math.max(film.videoWidth, film.videoHeight));
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(film.videoWidth * scale);
  canvas.height = Math.round(film.videoHeight * scale);
  if (canvas.width === 0 || canvas.height === 0) return null;
  canvas.getContext("2d")?.drawImage(film, 0, 0, canvas.width, canvas.height);
  return new Promise((done) => canvas.toBlob(done, "image/jpeg", QUALITY));
}
