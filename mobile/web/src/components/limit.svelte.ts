// How long a line may be. Nothing that is typed or pasted is cut: a form with too much in a field is not sent, and the
// browser shows which one, in the page's words.

import type { Attachment } from "svelte/attachments";
import { say } from "../i18n/words.svelte";

/** At most so many characters, as the core counts them. */
export function atMost(limit: number): Attachment<HTMLInputElement> {
  return (field) => {
    const check = (): void => {
      const count = [...field.value.trim()].length;
      field.setCustomValidity(count > limit ? say("too_many_characters", { limit, count }) : "");
    };
    check();
    field.addEventListener("input", check);
    return () => field.removeEventListener("input", check);
  };
}
