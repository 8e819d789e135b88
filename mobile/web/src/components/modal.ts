// A sheet over the page. Whatever it is closed by, one goes on from where it was opened.

export function modal(dialog: HTMLDialogElement): () => void {
  const opener = document.activeElement;
  dialog.showModal();
  return () => {
    // The browser brings the focus back itself only from Esc, not from a sheet that its own button takes away.
    if (document.activeElement !== document.body || !(opener instanceof HTMLElement)) return;
    opener.focus({ preventScroll: true });
  };
}
