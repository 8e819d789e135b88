// Photos as addresses a page can show. One address per photo however many places show it; the newest few that nobody
// shows any more are kept for scrolling back, all others are given back to the browser.

import { media } from "./core.svelte";

interface Held {
  url: string;
  users: number;
}

const IDLE = 40;
const held = new Map<string, Held>();

/** The photo's address, or null while it is not here. Each answer that is not null needs one `release`. */
export async function hold(piece: string, hash: string): Promise<string | null> {
  const ready = held.get(hash);
  if (ready) return use(hash, ready);
  const blob = await media(piece, hash);
  if (!blob) return null;
  // Another place may have come first meanwhile.
  return use(hash, held.get(hash) ?? { url: URL.createObjectURL(blob), users: 0 });
}

function use(hash: string, photo: Held): string {
  photo.users += 1;
  held.delete(hash);
  held.set(hash, photo);
  return photo.url;
}

export function release(hash: string): void {
  const photo = held.get(hash);
  if (!photo) return;
  photo.users -= 1;
  const idle = [...held].filter(([, one]) => one.users <= 0);
  for (const [name, one] of idle.slice(0, Math.max(0, idle.length - IDLE))) {
    URL.revokeObjectURL(one.url);
    held.delete(name);
  }
}

/** Another person took over: her photos are not his. */
export function releaseAll(): void {
  for (const photo of held.values()) URL.revokeObjectURL(photo.url);
  held.clear();
}
