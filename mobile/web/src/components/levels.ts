// From sand to leaf: how green a level is. No level is red, and the lowest is not a warning.

export function share(level: number, count: number): string {
  if (count <= 1) return "100%";
  return `${Math.round((Math.max(0, Math.min(level, count - 1)) / (count - 1)) * 100)}%`;
}
