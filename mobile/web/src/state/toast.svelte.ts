// Short notes at the lower edge, and the same words for those who listen to the page.

export const toast: { text: string; turn: number } = $state({ text: "", turn: 0 });

let timer: ReturnType<typeof setTimeout> | undefined;

export function tell(text: string): void {
  toast.text = text;
  toast.turn += 1;
  clearTimeout(timer);
  timer = setTimeout(hush, 4500);
}

export function hush(): void {
  clearTimeout(timer);
  toast.text = "";
}
