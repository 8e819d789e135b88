// What there is to say and to draw of a medium.

import type { Medium, NewLink } from "../core/types";
import { say, sayBytes } from "../i18n/words.svelte";
import type { IconName } from "./Icon.svelte";

export const ICONS: Record<Medium["shows"], IconName> = { picture: "images", film: "film", sound: "microphone", document: "document" };

/** A place on a picture, in ten-thousandths from the upper left corner of the picture before its maker turned it. */
export interface Spot {
  x: number;
  y: number;
}

/** How a spot is shown. */
export interface Pin {
  at: Spot;
  name: string;
  label: string;
  strong?: boolean;
}

/** What its maker marked, by number, and the spot that somebody points at. */
export function pinsOf(medium: Pick<Medium, "marks">, spot: Spot | null): Pin[] {
  const marks = medium.marks.map((mark, at) => ({ at: mark, name: String(at + 1), label: mark.words }));
  return spot ? [...marks, { at: spot, name: "●", label: say("spot.here"), strong: true }] : marks;
}

/** "1:05", "1:02:03". */
export function sayLength(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  const two = (number: number): string => String(number).padStart(2, "0");
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60)];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}

/** How long it runs and how much it weighs. */
export function sizeOf(medium: Pick<Medium, "duration" | "size">): string {
  return [medium.duration ? sayLength(medium.duration) : "", sayBytes(medium.size)].filter((part) => part !== "").join(" · ");
}

/** What a file is called once it is saved. Photos, films and recordings have no names of their own here. */
export function savedAs(medium: Pick<Medium, "name" | "ending">, word: string): string {
  return medium.name || `${word}.${medium.ending}`;
}

/** Those that are looked at over the whole screen. */
export function isSeen(medium: Medium): boolean {
  return medium.shows === "picture" || medium.shows === "film";
}

/** What it shows, in the best words there are. */
export function altOf(medium: Medium, title: string, at: number, count: number): string {
  if (medium.alt) return medium.alt;
  if (medium.caption) return medium.caption;
  return say(medium.shows === "film" ? "piece.film_of" : "piece.photo_of", { title, at: at + 1, count });
}

/** Width by height, as its maker turned it. */
export function shapeOf(medium: Pick<Medium, "width" | "height" | "turn">): number {
  if (medium.width === 0 || medium.height === 0) return 4 / 3;
  return medium.turn % 2 === 1 ? medium.height / medium.width : medium.width / medium.height;
}

/** The edge of a picture, in the units of spots. */
const EDGE = 10_000;

/** Where a spot lies on the picture as it is turned, in percent from the left and the top. */
export function placed(spot: Spot, turn: number): { left: number; top: number } {
  const [x, y] = [spot.x / EDGE, spot.y / EDGE];
  const [left, top] = [[x, y], [1 - y, x], [1 - x, 1 - y], [y, 1 - x]][turn % 4] ?? [x, y];
  return { left: (left ?? 0) * 100, top: (top ?? 0) * 100 };
}

/** The spot at this place (0 to 1 from the left and the top) of a picture that is turned. */
export function spotAt(left: number, top: number, turn: number): Spot {
  const [x, y] = [[left, top], [top, 1 - left], [1 - left, 1 - top], [1 - top, left]][turn % 4] ?? [left, top];
  const within = (part: number | undefined): number => Math.round(Math.min(1, Math.max(0, part ?? 0)) * EDGE);
  return { x: within(x), y: within(y) };
}

/** An address as people type it: without what stands before every one. */
const WITHOUT_SCHEME = /^[\p{L}\d-]+(\.[\p{L}\d-]+)+(:\d+)?([/?#]\S*)?$/u;

/** A link as it was meant: what can't stand in an address as it is stands in it encoded. */
export function asAddress(text: string): string {
  const typed = text.trim().replace(/^https?:\/\//i, (scheme) => scheme.toLowerCase());
  const whole = WITHOUT_SCHEME.test(typed) ? `https://${typed}` : typed;
  return whole.replace(/[\s<>"`]/g, (one) => encodeURIComponent(one));
}

/** In bytes, as the core bounds it. */
export const LONGEST_ADDRESS = 32_768;

/** What is wrong with this as a link, or null. The core has the last word. */
export function faultOf(address: string): "link.not_an_address" | "link.too_long" | null {
  if (!/^https?:\/\/[^/?#@\\\s]+([/?#]\S*)?$/.test(address)) return "link.not_an_address";
  return new TextEncoder().encode(address).length > LONGEST_ADDRESS ? "link.too_long" : null;
}

/** Links as they are sent: without those that were left empty. */
export function given(links: NewLink[]): NewLink[] {
  return links.map(({ url, caption }) => ({ url: asAddress(url), caption: caption.trim() })).filter((link) => link.url !== "");
}
