// One request to the school, as the core asks for it: nothing but its headers and the token goes along, and no more of
// the answer is read than the core will take.

export interface Request {
  method: string;
  url: string;
  headers: [string, string][];
  body: Uint8Array<ArrayBuffer> | undefined;
  /** The most bytes of an answer. */
  limit: number;
}

export interface Whole {
  status: number;
  location: string | undefined;
  offset: number | undefined;
  /** `Content-Range`. */
  range: string | undefined;
  /** It bears the relay's own mark. */
  relay: boolean;
  body: Uint8Array;
}

/** A whole answer, or null: one that was cut, came too late or is too large is none. */
export async function perform(request: Request, token: string | null, signal: AbortSignal): Promise<Whole | null> {
  const headers: [string, string][] = token === null ? [] : [["Authorization", `Bearer ${token}`]];
  try {
    const answer = await fetch(request.url, {
      method: request.method,
      headers: [...request.headers, ...headers],
      body: request.body,
      cache: "no-store",
      credentials: "omit",
      redirect: "error",
      referrerPolicy: "no-referrer",
      signal,
    });
    const body = await bounded(answer, request.limit);
    if (body === null) return null;
    const offset = answer.headers.get("Upload-Offset");
    return {
      status: answer.status,
      location: answer.headers.get("Location") ?? undefined,
      offset: offset === null ? undefined : Number(offset),
      range: answer.headers.get("Content-Range") ?? undefined,
      relay: answer.headers.has("Fieldfolio-Relay"),
      body,
    };
  } catch {
    return null;
  }
}

/** At most `limit` bytes of a body; null for more. */
async function bounded(answer: Response, limit: number): Promise<Uint8Array | null> {
  if (!answer.body) return new Uint8Array();
  const parts: Uint8Array[] = [];
  let length = 0;
  const reader = answer.body.getReader();
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    length += part.value.length;
    if (length > limit) {
      await reader.cancel();
      return null;
    }
    parts.push(part.value);
  }
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
