// Devices of one's own that one has said are one's own. It only quiets the note about them, so it is kept by the browser.

const STORED = "devices.mine";

const mine: { devices: string[] } = $state({ devices: stored() });

export const isAcknowledged = (device: string): boolean => mine.devices.includes(device);

export function acknowledge(devices: string[]): void {
  mine.devices = [...new Set([...mine.devices, ...devices])];
  try {
    localStorage.setItem(STORED, JSON.stringify(mine.devices));
  } catch {
    // Then the note comes again.
  }
}

function stored(): string[] {
  try {
    const found: unknown = JSON.parse(localStorage.getItem(STORED) ?? "[]");
    return Array.isArray(found) ? found.filter((one) => typeof one === "string") : [];
  } catch {
    return [];
  }
}
