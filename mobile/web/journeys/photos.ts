// The photos that journeys take with them: such as somebody really took, with places and cameras in them.

import { existsSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { deflateSync } from "node:zlib";

const shared = process.env.FIELDFOLIO_SHARED ?? resolve(import.meta.dirname, "../../../../shared");
const photos = join(shared, "data/photos");

/** Whether the photos are those somebody really took. With CI set they have to be. */
export const arePhotosReal = existsSync(photos);
if (!arePhotosReal) {
  if (process.env.CI) throw new Error(`there are no photos in ${photos}: set FIELDFOLIO_SHARED to the folder that holds data/photos`);
  console.warn(`NO REAL PHOTOS in ${photos}: these journeys take noise instead, which has no place, no turn and no camera in it.`);
}

/** A photo somebody really took; noise of about its size where there are none. */
export function photo(name: string): string {
  return arePhotosReal ? join(photos, name) : noise(name, /nokia|iphone/i.test(name) ? 900 : 240);
}

/** A PNG of coloured noise, as wide as it is high, always the same for a name. */
function noise(name: string, pixels: number): string {
  const file = join(tmpdir(), `fieldfolio-noise-${name}.png`);
  const rows = Buffer.alloc(pixels * (3 * pixels + 1));
  let seed = crc32(Buffer.from(name));
  for (let at = 0; at < rows.length; at += 1) {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    rows[at] = at % (3 * pixels + 1) === 0 ? 0 : seed >>> 24;
  }
  const chunk = (kind: string, bytes: Buffer): Buffer => {
    const named = Buffer.concat([Buffer.from(kind, "latin1"), bytes]);
    return Buffer.concat([number(bytes.length), named, number(crc32(named))]);
  };
  const number = (value: number): Buffer => {
    const four = Buffer.alloc(4);
    four.writeUInt32BE(value);
    return four;
  };
  const head = Buffer.concat([number(pixels), number(pixels), Buffer.from([8, 2, 0, 0, 0])]);
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  writeFileSync(file, Buffer.concat([signature, chunk("IHDR", head), chunk("IDAT", deflateSync(rows)), chunk("IEND", Buffer.alloc(0))]));
  return file;
}

/** The checksum of PNG. */
function crc32(bytes: Buffer): number {
  let sum = ~0;
  for (const byte of bytes) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit += 1) sum = sum & 1 ? (sum >>> 1) ^ 0xedb88320 : sum >>> 1;
  }
  return ~sum >>> 0;
}

