// Where one can be: the part of the address after "#". Everything a page needs to be opened again is in it.

const PATHS = {
  home: "",
  today: "today",
  capture: "capture",
  work: "work",
  newProject: "work/new",
  folio: "folio/:id",
  mentorInvite: "folio/:id/invite",
  print: "folio/:id/print",
  piece: "piece/:id",
  growth: "growth/:id",
  portfolio: "portfolio/:id",
  review: "review",
  classes: "classes",
  class: "class/:id",
  classProject: "class/:id/new",
  student: "student/:id",
  shared: "shared",
  family: "family",
  me: "me",
  join: "join",
  welcome: "welcome",
} as const;

export type PageName = keyof typeof PATHS;

export interface Route {
  page: PageName | "unknown";
  /** What the page is about: a piece, a folio, a student; empty when it needs none. */
  id: string;
  query: Record<string, string>;
}

/** The link to a page. */
export function to(page: PageName, id = "", query: Record<string, string | null | undefined> = {}): string {
  const path = PATHS[page].replace(":id", encodeURIComponent(id));
  const given = Object.entries(query).filter((pair): pair is [string, string] => !!pair[1]);
  const tail = new URLSearchParams(given).toString();
  return `#/${path}${tail ? `?${tail}` : ""}`;
}

/** The page of an address. An invitation's link carries its secret as "#join=…". */
export function routeOf(hash: string): Route {
  if (/^#\/?join=/.test(hash)) return { page: "join", id: "", query: {} };
  const [path = "", tail = ""] = hash.replace(/^#\/?/, "").split("?", 2);
  const query = Object.fromEntries(new URLSearchParams(tail));
  const given = path.split("/").filter((part) => part !== "");
  for (const page of Object.keys(PATHS) as PageName[]) {
    const wanted = PATHS[page].split("/").filter((part) => part !== "");
    if (wanted.length !== given.length) continue;
    let id = "";
    const fits = wanted.every((part, at) => {
      if (part !== ":id") return part === given[at];
      id = decode(given[at] ?? "");
      return true;
    });
    if (fits) return { page, id, query };
  }
  return { page: "unknown", id: "", query };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
