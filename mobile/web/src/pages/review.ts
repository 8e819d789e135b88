// The review queue in the order of waiting, cut down to a class, a project, or what only waits for a confirmation.

import type { QueueRow } from "../core/types";

export function waitingFor(rows: QueueRow[], students: string[] | null, project: string, onlyConfirm: boolean): QueueRow[] {
  const wanted = students === null ? null : new Set(students);
  return rows
    .filter((row) => wanted === null || wanted.has(row.student))
    .filter((row) => project === "" || projectOf(row) === project)
    .filter((row) => !onlyConfirm || row.to_confirm.length > 0)
    .sort((one, other) => one.piece.made - other.piece.made);
}

export function projectOf(row: QueueRow): string {
  return row.piece.students.find((one) => one.id === row.student)?.title ?? "";
}

export function projectsIn(rows: QueueRow[]): string[] {
  return [...new Set(rows.map(projectOf))].filter((title) => title !== "");
}
