// The order in which a teacher goes through her queue. It is the order she saw when she opened it: a row that leaves
// because she judged it must not make the next one jump.

const queue: { order: string[] } = $state({ order: [] });

export function goThrough(pieces: string[]): void {
  queue.order = [...new Set(pieces)];
}

/** The next of those still waiting, after `piece`; the first one when `piece` was the last. */
export function nextAfter(piece: string, waiting: string[]): string | null {
  return nextIn(queue.order, piece, waiting);
}

export function nextIn(order: string[], piece: string, waiting: string[]): string | null {
  const at = order.indexOf(piece);
  const following = [...order.slice(at + 1), ...order.slice(0, Math.max(0, at)), ...waiting];
  return following.find((one) => one !== piece && waiting.includes(one)) ?? null;
}
