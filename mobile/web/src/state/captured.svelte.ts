// Photos that were picked and not saved yet. They live as long as this tab: going to another page keeps them, closing or
// reloading does not, and the capture page says so when it finds that some were lost.

export interface Picked {
  file: File;
  url: string;
}

export const captured: { photos: Picked[] } = $state({ photos: [] });

export function pick(files: Iterable<File>): void {
  for (const file of files) captured.photos.push({ file, url: URL.createObjectURL(file) });
}

export function unpick(at: number): void {
  for (const gone of captured.photos.splice(at, 1)) URL.revokeObjectURL(gone.url);
}

export function unpickAll(): void {
  for (const gone of captured.photos.splice(0)) URL.revokeObjectURL(gone.url);
}

window.addEventListener("beforeunload", (event) => {
  if (captured.photos.length > 0) event.preventDefault();
});
