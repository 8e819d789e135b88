// A voice note from the microphone, in a form that the core takes: MP4 or Ogg, never WebM.

const KINDS = ["audio/mp4;codecs=mp4a.40.2", "audio/mp4;codecs=opus", "audio/mp4", "audio/ogg;codecs=opus"];
/** Enough for saying what one thought; about 3 MB. */
const LONGEST_MS = 10 * 60 * 1000;

export function kindOfRecording(): string | null {
  if (typeof MediaRecorder === "undefined" || !navigator.mediaDevices) return null;
  return KINDS.find((kind) => MediaRecorder.isTypeSupported(kind)) ?? null;
}

export class Recording {
  is = $state<"idle" | "asking" | "running" | "refused">("idle");
  seconds = $state(0);
  private recorder: MediaRecorder | null = null;
  private timer: ReturnType<typeof setInterval> | undefined;
  private ended = Promise.resolve();
  private isLeft = false;

  constructor(private readonly made: (note: Blob) => void) {}

  async start(): Promise<void> {
    const kind = kindOfRecording();
    if (kind === null || this.is === "running" || this.is === "asking") return;
    this.is = "asking";
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
      // Allowed too late: nobody is there any more who would see that it runs.
      if (this.isLeft) {
        for (const track of stream.getTracks()) track.stop();
        return this.end();
      }
      const parts: Blob[] = [];
      const recorder = new MediaRecorder(stream, { mimeType: kind });
      recorder.addEventListener("dataavailable", ({ data }) => parts.push(data));
      this.ended = new Promise((done) => {
        recorder.addEventListener("stop", () => {
          for (const track of stream.getTracks()) track.stop();
          this.end();
          const note = new Blob(parts, { type: kind.split(";")[0] });
          if (note.size > 0) this.made(note);
          done();
        });
      });
      recorder.start();
      this.recorder = recorder;
      this.is = "running";
      const began = performance.now();
      this.timer = setInterval(() => {
        const passed = performance.now() - began;
        this.seconds = Math.floor(passed / 1000);
        if (passed > LONGEST_MS) this.stop();
      }, 250);
    } catch {
      this.end();
      this.is = "refused";
    }
  }

  stop(): void {
    if (this.recorder?.state === "recording") this.recorder.stop();
  }

  /** What was said so far is a note of its own before anything else happens. */
  finish(): Promise<void> {
    this.stop();
    return this.ended;
  }

  /** Nobody sees it any more. */
  leave(): void {
    this.isLeft = true;
    this.stop();
  }

  private end(): void {
    clearInterval(this.timer);
    this.recorder = null;
    this.seconds = 0;
    this.is = "idle";
  }
}
