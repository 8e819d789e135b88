// Which tab is lit on which page.

import type { Me } from "../core/types";
import type { PageName, Route } from "../state/routes";
import { homeOf, isTeacher, type Tab } from "../state/roles";

const HOME_OF: Partial<Record<PageName, PageName>> = {
  newProject: "work",
  class: "classes",
  classProject: "classes",
  student: "classes",
};

export function isUnder(route: Route, tab: Tab, me: Me | null): boolean {
  if (!me || route.page === "unknown") return false;
  if (route.page === "home") return tab.page === homeOf(me);
  if (route.page === "growth") return route.id === me.person ? tab.page === "growth" : tab.page === (isTeacher(me) ? "classes" : "family");
  if (route.page === "piece") return tab.page === (route.query.from ?? "").split(":")[0];
  return tab.page === (HOME_OF[route.page] ?? route.page);
}
