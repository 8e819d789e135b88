// The only scripts this app ever starts by address: its own worker and its own service worker. Under the relay's policy a
// browser refuses any other.

interface Policy {
  createScriptURL(url: string): string;
}

interface Factory {
  createPolicy(name: string, rules: Policy): Policy;
}

const rules: Policy = {
  createScriptURL(url) {
    const at = new URL(url, location.href);
    if (at.origin !== location.origin) throw new TypeError("a script of another origin");
    return at.href;
  },
};

const factory = (globalThis as { trustedTypes?: Factory }).trustedTypes;
const policy = factory?.createPolicy("fieldfolio", rules) ?? rules;

export function scriptAddress(url: string): string {
  return policy.createScriptURL(url);
}
