import type { Offer } from "../core/types";
import { folioTitle } from "../components/titles";
import { known } from "../state/school.svelte";
import { say } from "../i18n/words.svelte";

/** To this person herself, and not to a student of hers. */
export function isOwn(offer: Offer): boolean {
  return offer.student === known.me?.person;
}

/** Who offers it, to whom, for which project. */
export function offerLine(offer: Offer): string {
  const project = folioTitle(offer.title, offer.student);
  const maker = offer.piece.maker_name;
  return isOwn(offer) ? say("offer.line", { maker, project }) : say("offer.line_for", { maker, name: offer.student_name, project });
}
