// What the pages decide themselves: addresses, order, sentences, shapes.

import { describe, expect, test } from "vitest";
import type { Entry, Me, Outcome, Role, Voice } from "../core/types";
import { isReached, tallySentence } from "../growth/tally";
import { byCode, gridRows } from "../growth/order";
import { share } from "../components/levels";
import { fit, zoomAt } from "../components/zoom";
import { projectsIn, waitingFor } from "../pages/review";
import { standingJudgement } from "../entries/assessment/standing";
import { confirmationBy } from "../entries/confirmation/own";
import { threads } from "../entries/threads";
import { nextIn } from "../state/queue.svelte";
import { audienceWord, EVERYONE, homeOf, tabs, TEACHERS } from "../state/roles";
import { routeOf, to } from "../state/routes";
import { dateAsDay, dayAsDate, distance, endOfDay } from "../i18n/time";

describe("addresses", () => {
  test("lead back to the page they were made for", () => {
    expect(routeOf(to("piece", "a/b c", { from: "folio:f1" }))).toEqual({ page: "piece", id: "a/b c", query: { from: "folio:f1" } });
    expect(routeOf(to("mentorInvite", "f1"))).toMatchObject({ page: "mentorInvite", id: "f1" });
    expect(routeOf(to("newProject")).page).toBe("newProject");
  });

  test("of an invitation keep its secret out of the route", () => {
    expect(routeOf("#join=c2VjcmV0")).toEqual({ page: "join", id: "", query: {} });
  });

  test("that lead nowhere say so", () => {
    expect(routeOf("#/nowhere/at/all").page).toBe("unknown");
    expect(routeOf("").page).toBe("home");
    expect(routeOf("#/piece/%E0%A4%A").page).toBe("piece");
  });
});

describe("who one is", () => {
  const me = (kinds: Me["kinds"], roles: Role[] = []): Me => ({
    person: "p",
    name: "P",
    kinds,
    device: "d",
    school: null,
    parts: roles.map((role) => ({ folio: "f", student: "s", student_name: "S", title: "T", role, until: null })),
  });

  test("decides the tabs, with capture within the thumb's reach", () => {
    expect(tabs(me(["student"])).map((tab) => tab.page)).toEqual(["today", "work", "capture", "growth", "me"]);
    expect(tabs(me(["guardian"], ["guardian"])).map((tab) => tab.page)).toEqual(["family", "me"]);
    expect(tabs(me(["teacher", "guardian"], ["guardian"])).map((tab) => tab.page)).toContain("family");
  });

  test("decides where one lands", () => {
    expect(homeOf(me(["teacher"]))).toBe("review");
    expect(homeOf(me(["mentor"], ["mentor"]))).toBe("shared");
    expect(homeOf(me([], ["reader"]))).toBe("shared");
  });

  test("audiences read as one of four", () => {
    expect([null, EVERYONE, TEACHERS, ["owner", "mentor"] as Role[], ["owner"] as Role[]].map(audienceWord)).toEqual(["me", "circle", "teachers", "some", "me"]);
  });
});

describe("the sentence of a tally", () => {
  const tally = { towards: 2, at_bats: 2, of_at_bats: 3, projects: 1, of_projects: 2, days: 2, of_days: 2 };

  test("names times and projects", () => {
    expect(tallySentence(tally, "en")).toBe("2 of 3 times shown, 1 of 2 projects");
    expect(tallySentence(tally, "es")).toBe("demostrado 2 de 3 veces, en 1 de 2 proyectos");
  });

  test("names days only when they alone are lacking", () => {
    expect(tallySentence({ ...tally, days: 1 }, "en")).not.toContain("day");
    expect(tallySentence({ ...tally, at_bats: 3, projects: 2, days: 1 }, "en")).toBe("3 of 3 times shown, 2 of 2 projects, 1 of 2 different days");
  });

  test("never says more than all", () => {
    const more = { ...tally, at_bats: 5, projects: 3 };
    expect(tallySentence(more, "en")).toBe("3 of 3 times shown, 2 of 2 projects");
    expect(isReached(more)).toBe(true);
  });
});

describe("the class grid", () => {
  const outcomes = new Map(["SCI.10", "SCI.2", "MATH.1"].map((code, at) => [`o${at}`, { id: `o${at}`, code } as Outcome]));

  test("stands by code and by name, never by level", () => {
    expect(byCode(["o0", "o1", "o2"], outcomes, "en")).toEqual(["o2", "o1", "o0"]);
    const cell = (level: number) => [{ outcome: "o0", is: "level" as const, level, at_bats: 1, of_at_bats: 3 }];
    const rows = gridRows({ outcomes: ["o0"], students: [{ student: "z", student_name: "Zoë", whole: true, cells: cell(3) }, { student: "a", student_name: "Ángel", whole: true, cells: cell(0) }, { student: "b", student_name: "Ben", whole: true, cells: [] }] }, ["o0"], "en");
    expect(rows.map((row) => row.name)).toEqual(["Ángel", "Ben", "Zoë"]);
    expect(rows[1]?.cells).toEqual([null]);
  });
});

describe("the review queue", () => {
  const row = (piece: string, student: string, made: number, title: string) => ({ piece: { piece, made, students: [{ id: student, name: "", folio: "", title }] }, student, student_name: "", outcomes: [], to_confirm: [] }) as never;
  const rows = [row("b", "mina", 2, "Creek"), row("a", "ben", 1, "Bridge"), row("c", "mina", 3, "Bridge")];

  test("begins with the longest waiting and can be cut down", () => {
    expect(waitingFor(rows, null, "", false).map((one) => one.piece.piece)).toEqual(["a", "b", "c"]);
    expect(waitingFor(rows, ["mina"], "Bridge", false).map((one) => one.piece.piece)).toEqual(["c"]);
    expect(waitingFor(rows, null, "", true)).toEqual([]);
    expect(projectsIn(rows)).toEqual(["Creek", "Bridge"]);
  });

  test("goes on after a piece that has just left it", () => {
    expect(nextIn(["a", "b", "c"], "a", ["b", "c"])).toBe("b");
    expect(nextIn(["a", "b", "c"], "c", ["a", "b"])).toBe("a");
    expect(nextIn([], "x", ["y"])).toBe("y");
    expect(nextIn(["a"], "a", ["a"])).toBeNull();
  });
});

describe("what was said", () => {
  let count = 0;
  const entry = (id: string, body: Entry["body"]): Entry => ({ id, made: (count += 1), body, replaces: null, is_replaced: false, withdrawn: false, altered: false, edited_since: false, confirmed_by: [] });
  const voice = (author: string, entries: Entry[]): Voice => ({ author, author_name: author, about: "mina", about_name: "Mina", role: "teacher", entries, unverified: 0, where: { at: "school", why: null, sent: 0, of: 0 } });
  const at = (author: string, id: string) => ({ author, about: "mina", entry: id });

  test("stands by person, with replies beneath what they answer", () => {
    const ito = voice("ito", [entry("1", { kind: "reflection", words: "one" })]);
    const mina = voice("mina", [entry("2", { kind: "reply", to: at("ito", "1"), words: "two" }), entry("3", { kind: "reply", to: at("gone", "9"), words: "three" })]);
    const [first, second] = threads([ito, mina]);
    expect(first?.said[0]?.replies.map((one) => one.entry.id)).toEqual(["2"]);
    expect(second?.said.map((one) => one.entry.id)).toEqual(["3"]);
  });

  test("does not go round in circles when two answer each other", () => {
    const one = voice("a", [entry("1", { kind: "reply", to: at("b", "2"), words: "" })]);
    const other = voice("b", [entry("2", { kind: "reply", to: at("a", "1"), words: "" })]);
    expect(threads([one, other]).flatMap((talk) => talk.said)).toHaveLength(2);
  });

  test("a confirmation stands with what it confirms", () => {
    const ito = voice("ito", [entry("c", { kind: "confirmation", of: at("sol", "1") })]);
    expect(threads([ito])).toEqual([]);
    expect(confirmationBy("ito", at("sol", "1"), [ito])).toEqual({ about: "mina", entry: "c" });
    expect(confirmationBy("rao", at("sol", "1"), [ito])).toBeNull();
  });

  test("a second judgement replaces one's newest", () => {
    const judged = (id: string) => entry(id, { kind: "assessment", outcome: "o", level: 1, weight: "summative", work_date: "2026-01-01", next_step: "" });
    const ito = voice("ito", [{ ...judged("1"), is_replaced: true }, judged("2")]);
    expect(standingJudgement("ito", "mina", "o", [ito])?.id).toBe("2");
    expect(standingJudgement("ito", "mina", "other", [ito])).toBeNull();
  });
});

describe("days", () => {
  test("have no zone", () => {
    expect(dateAsDay(dayAsDate("2026-03-29") ?? new Date(0))).toBe("2026-03-29");
    expect(dayAsDate("soon")).toBeNull();
    expect(new Date(endOfDay("2026-03-29") ?? 0).getHours()).toBe(23);
  });

  test("that have passed are said in the largest unit", () => {
    const day = 86_400_000;
    expect(distance(0, 30_000)).toEqual({ count: 0, unit: "now" });
    expect(distance(0, 12 * day)).toEqual({ count: 12, unit: "day" });
    expect(distance(0, 22 * day)).toEqual({ count: 3, unit: "week" });
    expect(distance(day, 0)).toEqual({ count: 0, unit: "now" });
  });
});

describe("shapes", () => {
  test("go from sand to leaf", () => {
    expect([0, 1, 2, 3].map((level) => share(level, 4))).toEqual(["0%", "33%", "67%", "100%"]);
    expect(share(0, 1)).toBe("100%");
    expect(share(9, 4)).toBe("100%");
  });

  test("what lies under the finger stays there while looking closer", () => {
    const stage = { width: 400, height: 800 };
    expect(zoomAt({ scale: 1, x: 0, y: 0 }, 2, 300, 400, stage)).toEqual({ scale: 2, x: -100, y: 0 });
    expect(fit({ scale: 2, x: -900, y: 0 }, stage)).toEqual({ scale: 2, x: -200, y: 0 });
  });
});
