// Who one is decides which pages one has. One person may be several: a teacher who is also a parent.

import type { Me, Role } from "../core/types";
import type { Key } from "../i18n/catalogue";
import type { PageName } from "./routes";

export interface Tab {
  page: PageName;
  word: Key;
  icon: string;
  id?: string;
}

export const EVERYONE: Role[] = ["owner", "teacher", "reader", "mentor", "group", "peer", "guardian"];
export const TEACHERS: Role[] = ["owner", "teacher"];

export const isStudent = (me: Me): boolean => me.kinds.includes("student");
export const isTeacher = (me: Me): boolean => me.kinds.includes("teacher") || me.parts.some((part) => part.role === "teacher");
export const isGuardian = (me: Me): boolean => me.kinds.includes("guardian") || me.parts.some((part) => part.role === "guardian");
export const isMentor = (me: Me): boolean => me.kinds.includes("mentor") || me.parts.some((part) => part.role === "mentor");

/** Parts by which others' work came to one, other than as their teacher or family. */
export function visiting(me: Me): Me["parts"] {
  return me.parts.filter((part) => part.student !== me.person && ["mentor", "reader", "peer", "group"].includes(part.role));
}

/** An adult who may put evidence into a student's folio. */
export const mayObserve = (me: Me): boolean => !isStudent(me) && (isTeacher(me) || me.parts.some((part) => part.role === "mentor"));

export function tabs(me: Me): Tab[] {
  const list: Tab[] = [];
  if (isStudent(me)) list.push({ page: "today", word: "tab.today", icon: "home" }, { page: "work", word: "tab.work", icon: "folio" });
  if (isTeacher(me)) list.push({ page: "review", word: "tab.review", icon: "inbox" }, { page: "classes", word: "tab.classes", icon: "people" });
  if (isMentor(me) || visiting(me).length > 0) list.push({ page: "shared", word: isMentor(me) ? "tab.mentoring" : "tab.shared", icon: "hand" });
  if (isGuardian(me)) list.push({ page: "family", word: "tab.family", icon: "heart" });
  if (isStudent(me) || mayObserve(me)) list.push({ page: "capture", word: isStudent(me) ? "tab.capture" : "tab.observe", icon: "camera" });
  if (isStudent(me)) list.push({ page: "growth", word: "tab.growth", icon: "leaf", id: me.person });
  list.push({ page: "me", word: "tab.me", icon: "person" });
  // The thumb finds capture in the middle of the bar.
  const capture = list.findIndex((tab) => tab.page === "capture");
  if (capture >= 0) list.splice(Math.floor((list.length - 1) / 2), 0, ...list.splice(capture, 1));
  return list;
}

/** The page one lands on. */
export function homeOf(me: Me): PageName {
  if (isTeacher(me)) return "review";
  if (isStudent(me)) return "today";
  if (isMentor(me)) return "shared";
  if (isGuardian(me)) return "family";
  return visiting(me).length > 0 ? "shared" : "me";
}

/** How an audience reads, for the chips: everyone in the circle, teachers alone, nobody else, or a choice of roles. */
export function audienceWord(audience: Role[] | null): "me" | "teachers" | "circle" | "some" {
  if (audience === null) return "me";
  const others = audience.filter((role) => role !== "owner");
  if (others.length === 0) return "me";
  if (others.length === 1 && others[0] === "teacher") return "teachers";
  return EVERYONE.every((role) => role === "owner" || others.includes(role)) ? "circle" : "some";
}
