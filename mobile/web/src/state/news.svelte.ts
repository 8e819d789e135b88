// How much is new for whoever works here: the frame counts it, every page's title says it.

export const news: { count: number } = $state({ count: 0 });

/** A page's title in the browser's tab. */
export function tabTitle(title: string): string {
  return `${news.count > 0 ? `(${news.count}) ` : ""}${title} · Fieldfolio`;
}
