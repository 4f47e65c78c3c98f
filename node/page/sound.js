// A short, soft sound for who asked to hear that somebody named them. It is made here, so that no file has to come.

let context = null;

/** Plays it where the browser lets a page: after a person has done something on it. */
export function chime() {
  if (!globalThis.AudioContext) return;
  context ??= new AudioContext();
  context.resume();
  for (const [hertz, after] of [[660, 0], [880, 0.12]]) {
    const begin = context.currentTime + after;
    const tone = context.createOscillator();
    const loudness = context.createGain();
    tone.frequency.value = hertz;
    loudness.gain.setValueAtTime(0, begin);
    loudness.gain.linearRampToValueAtTime(0.12, begin + 0.02);
    loudness.gain.exponentialRampToValueAtTime(0.001, begin + 0.35);
    tone.connect(loudness).connect(context.destination);
    tone.start(begin);
    tone.stop(begin + 0.4);
  }
}
