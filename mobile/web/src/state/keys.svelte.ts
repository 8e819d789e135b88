// Keys of one letter can be switched off: somebody who dictates, or whose hand shakes, presses them without meaning to.

const STORED = "keys";

function stored(): boolean {
  try {
    return localStorage.getItem(STORED) !== "off";
  } catch {
    return true;
  }
}

class Keys {
  on = $state(stored());

  set(on: boolean): void {
    this.on = on;
    try {
      if (on) localStorage.removeItem(STORED);
      else localStorage.setItem(STORED, "off");
    } catch {
      // Then it holds for as long as this page.
    }
  }
}

export const letterKeys = new Keys();
