import type { EntryKind } from "../kind";
import Shown from "./Shown.svelte";

export const unreadable: EntryKind<"unreadable"> = { shown: { screen: Shown, print: Shown } };
