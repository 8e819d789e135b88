import { say } from "../i18n/words.svelte";
import { call } from "../state/core.svelte";
import { tell } from "../state/toast.svelte";

export async function withdraw(piece: string, about: string | null, entry: string): Promise<void> {
  await call("withdraw", { piece, about, entry });
  tell(say("said.taken_back"));
}
