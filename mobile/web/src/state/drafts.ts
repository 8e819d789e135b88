// What was begun and not given yet, kept in this browser until it is: a phone may end the page while its camera is open.
//
// A draft belongs to a person and to the tab it was begun in. When that tab is gone, the next one that opens takes it
// over. Where the browser keeps nothing, drafts live as long as the page, and the page asks before it is left.

import { createStore, del, delMany, entries, set, setMany, type UseStore } from "idb-keyval";

/** A file that was picked, beside its bytes. */
export interface PickedDraft {
  id: string;
  /** The piece it is added to; a new one for null. */
  piece: string | null;
  at: number;
  name: string;
  caption: string;
  alt: string;
  replaces: string | null;
}

/** Whose, begun in which tab, what, and under which name. */
type Key = [store: string, tab: string, what: "words" | "pick" | "bytes", name: string];

const TAB = "tab";
const LOCK = "fieldfolio-tab-";

let db: UseStore | null = null;
const store = (): UseStore => (db ??= createStore("fieldfolio-drafts", "drafts"));

/** This tab, also after a reload. A tab that was duplicated is another one. */
let tab = crypto.randomUUID() as string;

/** Files of tabs that are gone and of this one before its reload, by person. */
const found = new Map<string, { draft: PickedDraft; bytes: Blob }[]>();
/** Words of tabs that are gone, by person. */
const words = new Map<string, Map<string, string>>();

/** Done once what earlier tabs left has been looked through. */
export const draftsReady: Promise<void> = takeOver().catch(() => undefined);

async function takeOver(): Promise<void> {
  tab = await nameTab();
  await navigator.locks.request("fieldfolio-drafts", async () => {
    const held = (await navigator.locks.query()).held ?? [];
    const alive = new Set(held.map((lock) => lock.name?.slice(LOCK.length)).filter((name) => name !== tab));
    const all = (await entries<Key, unknown>(store())).filter(([key]) => !alive.has(key[1]));
    await setMany(all.map(([[whose, , what, name], value]) => [[whose, tab, what, name], value]), store());
    await delMany(all.map(([key]) => key).filter(([, from]) => from !== tab), store());
    const bytes = new Map(all.flatMap(([[, , what, name], value]) => (what === "bytes" ? [[name, value as Blob]] : [])));
    for (const [[whose, , what, name], value] of all) {
      if (what === "words") words.set(whose, (words.get(whose) ?? new Map<string, string>()).set(name, value as string));
      const file = bytes.get(name);
      if (what === "pick" && file) found.set(whose, [...(found.get(whose) ?? []), { draft: value as PickedDraft, bytes: file }]);
    }
  });
}

/** Names this tab, and holds a lock of that name for as long as it lives. */
async function nameTab(): Promise<string> {
  const before = sessionStorage.getItem(TAB);
  for (const name of [before, tab].filter((one) => one !== null)) {
    if (await holds(name)) {
      sessionStorage.setItem(TAB, name);
      return name;
    }
  }
  return tab;
}

function holds(name: string): Promise<boolean> {
  return new Promise((told) => {
    void navigator.locks.request(LOCK + name, { ifAvailable: true }, (lock) => {
      told(lock !== null);
      return lock === null ? undefined : new Promise(() => undefined);
    });
  });
}

/** What a tab that is gone left of a person's words, once. */
export function wordsLeft(whose: string): Map<string, string> {
  const left = words.get(whose) ?? new Map<string, string>();
  words.delete(whose);
  return left;
}

/** What was picked by a person and never saved, in its order, once. */
export function filesLeft(whose: string): { draft: PickedDraft; bytes: Blob }[] {
  const left = (found.get(whose) ?? []).sort((one, other) => one.draft.at - other.draft.at);
  found.delete(whose);
  return left;
}

/** Keeps words for when this tab is gone; null: there is nothing to be kept any more. */
export async function keepWords(whose: string, name: string, text: string | null): Promise<void> {
  await draftsReady;
  const key: Key = [whose, tab, "words", name];
  await (text === null ? del(key, store()) : set(key, text, store())).catch(() => undefined);
}

/** Keeps a file that was picked. True once its bytes are safe. */
export async function keepFile(whose: string, draft: PickedDraft, bytes: Blob): Promise<boolean> {
  await draftsReady;
  try {
    await setMany([[[whose, tab, "bytes", draft.id] satisfies Key, bytes], [[whose, tab, "pick", draft.id] satisfies Key, draft]], store());
    return true;
  } catch {
    return false;
  }
}

/** What is said of it, or its place, changed. */
export async function keepPick(whose: string, draft: PickedDraft): Promise<void> {
  await draftsReady;
  await set([whose, tab, "pick", draft.id] satisfies Key, draft, store()).catch(() => undefined);
}

export async function dropFile(whose: string, id: string): Promise<void> {
  await draftsReady;
  await delMany([[whose, tab, "bytes", id] satisfies Key, [whose, tab, "pick", id] satisfies Key], store()).catch(() => undefined);
}

/** Of whoever left this browser nothing is kept. */
export async function dropAllBut(stores: string[]): Promise<void> {
  await draftsReady;
  for (const whose of [...words.keys(), ...found.keys()].filter((one) => !stores.includes(one))) {
    words.delete(whose);
    found.delete(whose);
  }
  const all = await entries<Key, unknown>(store()).catch(() => []);
  await delMany(all.map(([key]) => key).filter(([whose]) => !stores.includes(whose)), store()).catch(() => undefined);
}
