// Looking closer: the photo is scaled around its middle and then moved.

export interface View {
  scale: number;
  x: number;
  y: number;
}

const CLOSEST = 8;

/** Scales by `factor`; what lies under (`x`, `y`) of the stage stays there. */
export function zoomAt(view: View, factor: number, x: number, y: number, stage: { width: number; height: number }): View {
  const scale = Math.min(CLOSEST, Math.max(1, view.scale * factor));
  const real = scale / view.scale;
  const fromMiddle = { x: x - stage.width / 2, y: y - stage.height / 2 };
  return {
    scale,
    x: fromMiddle.x - (fromMiddle.x - view.x) * real,
    y: fromMiddle.y - (fromMiddle.y - view.y) * real,
  };
}

/** Keeps some of the photo on the stage; at its own size it lies in the middle. */
export function fit(view: View, stage: { width: number; height: number }): View {
  const room = { x: (stage.width * (view.scale - 1)) / 2, y: (stage.height * (view.scale - 1)) / 2 };
  const within = (value: number, limit: number): number => Math.min(limit, Math.max(-limit, value));
  return { scale: view.scale, x: within(view.x, room.x), y: within(view.y, room.y) };
}
