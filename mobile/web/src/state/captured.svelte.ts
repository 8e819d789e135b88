// Files that were picked and not saved yet. They live as long as this tab: going to another page keeps them, closing or
// reloading does not, and the capture page says so when it finds that some were lost. Each person's stay her own.

import type { Given } from "../core/client";
import type { NewFile, Shows } from "../core/types";
import { posterOf } from "./poster";

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

/** What one person picked, for new pieces and for those that are there already. */
interface Picks {
  captured: Picked[];
  added: [string, Picked[]][];
}

/** What those had picked who are kept here, and don't work in this tab now. */
const aside = new Map<string, Picks>();

const picks = (): Picks => ({ captured: captured.files, added: [...added].map(([piece, { files }]) => [piece, files]) });
const filesOf = ({ captured, added }: Picks): Picked[] => [captured, ...added.map(([, files]) => files)].flat();

/** Another person takes over this tab. What was picked is not hers; she finds what she had picked herself. */
export function handOver(from: string, to: string): void {
  aside.set(from, picks());
  const hers = aside.get(to);
  aside.delete(to);
  captured.files = hers?.captured ?? [];
  added.clear();
  for (const [piece, files] of hers?.added ?? []) addedTo(piece).files.push(...files);
}

/** Whoever left this browser takes along what she had picked. */
export function unpickAllBut(stores: string[]): void {
  for (const [store, left] of aside) {
    if (stores.includes(store)) continue;
    for (const gone of filesOf(left)) gone.release();
    aside.delete(store);
  }
}

/** One place earlier (-1) or later (1). */
export function move<T>(list: T[], at: number, by: -1 | 1): void {
  const to = at + by;
  if (to < 0 || to >= list.length) return;
  list.splice(to, 0, ...list.splice(at, 1));
}

window.addEventListener("beforeunload", (event) => {
  if ([picks(), ...aside.values()].some((one) => filesOf(one).length > 0)) event.preventDefault();
});
