// Work in slices: what comes in, however much, is done a little in each picture that the browser draws, so that a key is answered meanwhile.

const sliceMs = 5;
const hiddenMs = 50;   // a page that is not shown draws nothing

export class Pump {
  /** `work(enough)`: does some of what there is to do, until `enough()`; gives true when something is left. */
  constructor(work) {
    this.work = work;
    this.asked = false;
  }

  /** There is something to do. */
  ask() {
    if (this.asked) return;
    this.asked = true;
    let done = false;
    const run = () => {
      if (done) return;
      done = true;
      this.asked = false;
      const end = performance.now() + sliceMs;
      if (this.work(() => performance.now() >= end)) this.ask();
    };
    if (document.visibilityState === 'visible') requestAnimationFrame(run);
    setTimeout(run, hiddenMs);
  }
}
