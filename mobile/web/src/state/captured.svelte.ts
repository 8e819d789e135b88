// Files that were picked and not saved yet. They live as long as this tab: going to another page keeps them, closing or
// reloading does not, and the capture page says so when it finds that some were lost.

import type { Given } from "../core/client";
import type { NewFile, Shows } from "../core/types";
import { posterOf } from "../look/poster";

/** One file, with what is said of it. */
export class Picked {
  caption = $state("");
  alt = $state("");
  readonly url: string;
  readonly shows: Shows;
  /** A picture of a film, once it is made. */
  posterUrl = $state<string | null>(null);
  private poster: Blob | null = null;
  private readonly posed: Promise<void>;

  constructor(
    readonly file: Blob,
    readonly name: string,
    /** The medium whose place it takes. */
    readonly replaces: string | null = null,
  ) {
    this.url = URL.createObjectURL(file);
    this.shows = shownAs(file.type);
    this.posed = this.shows === "film" ? this.pose() : Promise.resolve();
  }

  private async pose(): Promise<void> {
    this.poster = await posterOf(this.url);
    if (this.poster) this.posterUrl = URL.createObjectURL(this.poster);
  }

  /** As the core is handed it. A film waits for its picture. */
  async given(): Promise<Given> {
    await this.posed;
    return { file: this.file, name: this.name, poster: this.poster };
  }

  said(): NewFile {
    return { caption: this.caption.trim(), alt: this.alt.trim(), replaces: this.replaces };
  }

  release(): void {
    URL.revokeObjectURL(this.url);
    if (this.posterUrl) URL.revokeObjectURL(this.posterUrl);
  }
}

function shownAs(type: string): Shows {
  if (type.startsWith("image/")) return "picture";
  if (type.startsWith("video/")) return "film";
  if (type.startsWith("audio/")) return "sound";
  return "document";
}

export function pickedFrom(files: Iterable<File>): Picked[] {
  return [...files].map((file) => new Picked(file, file.name));
}

export const captured: { files: Picked[] } = $state({ files: [] });

export function pick(files: Iterable<Picked>): void {
  captured.files.push(...files);
}

export function unpick(at: number): void {
  for (const gone of captured.files.splice(at, 1)) gone.release();
}

export function unpickAll(): void {
  for (const gone of captured.files.splice(0)) gone.release();
}

/** Files that were picked for a piece that is there already. */
const added = new Map<string, { files: Picked[] }>();

export function addedTo(piece: string): { files: Picked[] } {
  const there = added.get(piece);
  if (there) return there;
  const none: { files: Picked[] } = $state({ files: [] });
  added.set(piece, none);
  return none;
}

/** Another person took over: what was picked is not his. */
export function forgetPicked(): void {
  unpickAll();
  for (const { files } of added.values()) for (const gone of files.splice(0)) gone.release();
}

/** One place earlier (-1) or later (1). */
export function move<T>(list: T[], at: number, by: -1 | 1): void {
  const to = at + by;
  if (to < 0 || to >= list.length) return;
  list.splice(to, 0, ...list.splice(at, 1));
}

window.addEventListener("beforeunload", (event) => {
  if (captured.files.length > 0 || [...added.values()].some((one) => one.files.length > 0)) event.preventDefault();
});
