// Films, recordings and documents that journeys take with them, made on the spot.

import { execFileSync } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const folder = mkdtempSync(join(tmpdir(), "fieldfolio-films-"));

/** Two seconds of a test picture with a tone, and with a place and a name in it, as a phone writes them. */
export function film(name = "bridge.mp4", codec = "libx264"): string {
  const file = join(folder, name);
  const marks = ["-metadata", "location=+35.6586+139.7454/", "-metadata", "artist=Mina Fieldfolio"];
  const picture = ["-f", "lavfi", "-i", "testsrc2=size=320x240:rate=15:duration=2", "-f", "lavfi", "-i", "sine=frequency=330:duration=2"];
  execFileSync("ffmpeg", ["-nostdin", "-v", "error", "-y", ...picture, "-c:v", codec, "-pix_fmt", "yuv420p", "-c:a", "aac", ...marks, file]);
  return file;
}

/** A second of sound, as a recorder app writes it. */
export function recording(): string {
  const file = join(folder, "talk.m4a");
  execFileSync("ffmpeg", ["-nostdin", "-v", "error", "-y", "-f", "lavfi", "-i", "sine=frequency=220:duration=1", "-c:a", "aac", file]);
  return file;
}

export function text(name: string, words: string): string {
  const file = join(folder, name);
  writeFileSync(file, words);
  return file;
}
