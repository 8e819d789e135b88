// Files that were picked and not saved yet. Each is kept in this browser from the moment it was picked, and found again
// after a reload or on another day. Each person's stay her own.

import type { Given } from "../core/client";
import type { NewFile, Shows } from "../core/types";
import { call } from "./core.svelte";
import { dropFile, filesLeft, keepFile, keepPick, type PickedDraft } from "./drafts";
import { posterOf } from "./poster";
import { asRefusal, type Refused } from "./refusal";

/** One file, with what is said of it. */
export class Picked {
  caption = $state("");
  alt = $state("");
  readonly url: string;
  readonly shows: Shows;
  /** A picture of a film, once it is made. */
  posterUrl = $state<string | null>(null);
  /** Why it will not be taken; looked at as soon as it was picked. */
  fault = $state.raw<Refused | null>(null);
  /** What to know of it before it is saved, as keys of the catalogue. */
  notes = $state.raw<string[]>([]);
  /** Its bytes are kept in this browser, whatever becomes of the page. */
  isSafe = false;
  private poster: Blob | null = null;
  private readonly posed: Promise<void>;

  constructor(
    readonly file: Blob,
    readonly name: string,
    /** The medium whose place it takes. */
    readonly replaces: string | null = null,
    readonly id: string = crypto.randomUUID(),
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

  /** Looks whether it will be taken. The core has the last word when it is saved. */
  async inspect(): Promise<void> {
    try {
      this.notes = (await call("inspect", {}, [await this.given()])).notes;
    } catch (error) {
      const fault = asRefusal(error);
      // Anything else than a word about the file says nothing about it.
      if (fault.code.startsWith("media_")) this.fault = fault;
    }
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

/** Files that were picked and not looked at yet: one after the other, so that nothing waits for more than one of them. */
let toLookAt: Picked[] = [];
let isLooking = false;

async function lookThrough(): Promise<void> {
  if (isLooking) return;
  isLooking = true;
  for (let next = toLookAt.shift(); next; next = toLookAt.shift()) await next.inspect();
  isLooking = false;
}

/** Whoever saves waits for no look: the core looks at each file once more as it keeps it. */
export function stopLooking(): void {
  toLookAt = [];
}

/** Who works in this tab. */
let owner = "";

/** What was picked for a new piece, or for one that is there. */
export class Pile {
  files = $state<Picked[]>([]);

  constructor(readonly piece: string | null) {}

  add(files: Iterable<Picked>): void {
    const whose = owner;
    queueMicrotask(() => void lookThrough());
    for (const file of files) {
      this.files.push(file);
      toLookAt.push(file);
      void keepFile(whose, this.draftOf(file, this.files.length - 1), file.file).then((isSafe) => (file.isSafe = isSafe));
    }
  }

  remove(at: number): void {
    for (const gone of this.files.splice(at, 1)) this.letGo(gone);
    this.note();
  }

  clear(): void {
    for (const gone of this.files.splice(0)) this.letGo(gone);
  }

  /** One place earlier (-1) or later (1). */
  shift(at: number, by: -1 | 1): void {
    move(this.files, at, by);
    this.note();
  }

  /** What is said of the files, or their order, is other than it was. */
  note(): void {
    this.files.forEach((file, at) => void keepPick(owner, this.draftOf(file, at)));
  }

  private letGo(file: Picked): void {
    file.release();
    void dropFile(owner, file.id);
  }

  private draftOf(file: Picked, at: number): PickedDraft {
    const { id, name, caption, alt, replaces } = file;
    return { id, piece: this.piece, at, name, caption, alt, replaces };
  }
}

export const captured = new Pile(null);
const added = new Map<string, Pile>();

/** What was picked for a piece that is there already. */
export function addedTo(piece: string): Pile {
  const there = added.get(piece) ?? new Pile(piece);
  added.set(piece, there);
  return there;
}

/** The pieces that have files which were picked for them and not saved. */
export function piecesWithPicks(): string[] {
  return [...added.values()].flatMap((pile) => (pile.piece !== null && pile.files.length > 0 ? [pile.piece] : []));
}

/** What those had picked who are kept here, and don't work in this tab now. */
const aside = new Map<string, Map<string | null, Picked[]>>();

const piles = (): Pile[] => [captured, ...added.values()];
const picks = (): Map<string | null, Picked[]> => new Map(piles().map((pile) => [pile.piece, pile.files]));

/** Another person takes over this tab. What was picked is not hers; she finds what she had picked herself, also in tabs that
 * are gone. */
export function handOver(from: string, to: string): void {
  if (from !== "") aside.set(from, picks());
  owner = to;
  captured.files = [];
  added.clear();
  const hers = aside.get(to) ?? new Map<string | null, Picked[]>();
  aside.delete(to);
  for (const { draft, bytes } of filesLeft(to)) {
    const file = new Picked(bytes, draft.name, draft.replaces, draft.id);
    [file.caption, file.alt, file.isSafe] = [draft.caption, draft.alt, true];
    hers.set(draft.piece, [...(hers.get(draft.piece) ?? []), file]);
  }
  for (const [piece, files] of hers) (piece === null ? captured : addedTo(piece)).files = files;
}

/** Whoever left this browser takes along what she had picked. */
export function unpickAllBut(stores: string[]): void {
  for (const [store, left] of aside) {
    if (stores.includes(store)) continue;
    for (const gone of [...left.values()].flat()) gone.release();
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
  const all = [...piles().map((pile) => pile.files), ...[...aside.values()].flatMap((left) => [...left.values()])].flat();
  if (all.some((file) => !file.isSafe)) event.preventDefault();
});
