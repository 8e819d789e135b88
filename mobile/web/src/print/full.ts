import type { Piece } from "../core/types";
import { call } from "../state/core.svelte";

/** Pieces with everything said on them, oldest work first. One that can't be opened now doesn't keep the others back. */
export async function inFull(ids: string[]): Promise<Piece[]> {
  const found = await Promise.allSettled([...new Set(ids)].map((piece) => call("piece", { piece })));
  const day = (piece: Piece): string => piece.work_date ?? new Date(piece.made).toISOString().slice(0, 10);
  return found
    .flatMap((one) => (one.status === "fulfilled" ? [one.value] : []))
    .sort((one, other) => day(one).localeCompare(day(other)));
}
