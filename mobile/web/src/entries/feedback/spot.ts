import type { Medium, Piece, SpotOn } from "../../core/types";
import type { BodyOf } from "../kind";

/** What it points at; a photo that was replaced is still shown as it was. */
export function spotted(piece: Piece, { spot }: BodyOf<"feedback">): { medium: Medium; spot: SpotOn } | null {
  const medium = spot && [...piece.media, ...piece.earlier].find((one) => one.key === spot.medium);
  return medium ? { medium, spot } : null;
}
