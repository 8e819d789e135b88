// The browser offers installing once, at a moment of its own; it is kept until somebody wants it.

interface InstallOffer extends Event {
  prompt(): Promise<unknown>;
}

export const install: { offer: InstallOffer | null } = $state({ offer: null });

window.addEventListener("beforeinstallprompt", (event) => {
  event.preventDefault();
  install.offer = event as InstallOffer;
});
window.addEventListener("appinstalled", () => (install.offer = null));
