// A newer version of the pages waits behind a service worker that is installed and not yet in charge. It takes over when
// the reader says so; half-typed words are kept over the reload.

class Update {
  waits = $state(false);
  #waiting: ServiceWorker | null = null;

  watch(): void {
    if (!("serviceWorker" in navigator)) return;
    void navigator.serviceWorker.ready.then((registration) => {
      this.#look(registration.waiting);
      registration.addEventListener("updatefound", () => {
        const coming = registration.installing;
        coming?.addEventListener("statechange", () => {
          if (coming.state === "installed") this.#look(registration.waiting);
        });
      });
    });
  }

  #look(waiting: ServiceWorker | null): void {
    // Without one in charge this is the first visit, not an update.
    if (!waiting || !navigator.serviceWorker.controller) return;
    this.#waiting = waiting;
    this.waits = true;
  }

  take(): void {
    navigator.serviceWorker.addEventListener("controllerchange", () => location.reload(), { once: true });
    this.#waiting?.postMessage("take over");
  }
}

export const update = new Update();
update.watch();
