// Days are calendar days without a zone, "2026-11-22": the day the work was done, wherever it was.

export function dayAsDate(day: string): Date | null {
  const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(day);
  if (!match) return null;
  return new Date(Number(match[1]), Number(match[2]) - 1, Number(match[3]));
}

export function dateAsDay(date: Date): string {
  const two = (part: number): string => String(part).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

export function today(): string {
  return dateAsDay(new Date());
}

export function daysFromNow(days: number): string {
  const date = new Date();
  date.setDate(date.getDate() + days);
  return dateAsDay(date);
}

/** The last moment of a day: "until Friday" includes Friday. */
export function endOfDay(day: string): number | null {
  const date = dayAsDate(day);
  return date ? date.setHours(23, 59, 59, 999) : null;
}

type Unit = "minute" | "hour" | "day" | "week" | "month" | "year";
const UNITS: [Unit, number][] = [
  ["year", 31_557_600_000],
  ["month", 2_629_800_000],
  ["week", 604_800_000],
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
];

/** How long ago, in the largest unit of which at least one has passed. Clocks differ: what lies ahead is "now". */
export function distance(moment: number, now: number): { count: number; unit: Unit } | { count: 0; unit: "now" } {
  const passed = now - moment;
  for (const [unit, length] of UNITS) {
    // Two weeks are said in days: "12 days" is clearer than "1 week" for somebody who waits.
    if (unit === "week" && passed < 3 * length) continue;
    if (passed >= length) return { count: Math.floor(passed / length), unit };
  }
  return { count: 0, unit: "now" };
}
