// Outcomes in the framework's own order of codes, students by name. Nobody is ever sorted by a level.

import type { Grid, Outcome } from "../core/types";

export function byCode(outcomes: string[], known: Map<string, Outcome>, language: string): string[] {
  const order = new Intl.Collator(language, { numeric: true, sensitivity: "base" });
  const key = (id: string): string => known.get(id)?.code || known.get(id)?.statement || id;
  return [...outcomes].sort((one, other) => order.compare(key(one), key(other)));
}

export function gridRows(grid: Grid, outcomes: string[], language: string): { student: string; name: string; whole: boolean; cells: (Grid["students"][number]["cells"][number] | null)[] }[] {
  const order = new Intl.Collator(language, { sensitivity: "base", numeric: true });
  return grid.students
    .map((student) => {
      const cells = new Map(student.cells.map((cell) => [cell.outcome, cell]));
      return { student: student.student, name: student.student_name, whole: student.whole, cells: outcomes.map((one) => cells.get(one) ?? null) };
    })
    .sort((one, other) => order.compare(one.name, other.name));
}
