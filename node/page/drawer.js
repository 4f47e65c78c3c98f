// On a phone the rooms are in a drawer: it takes the focus, keeps it while it is open, and gives it back.

export class Drawer {
  constructor(side, button, veil, main) {
    Object.assign(this, { side, button, main });
    button.onclick = () => this.show(!this.open);
    veil.onclick = () => this.show(false);
    // On a wider screen the rooms stand beside the messages, and nothing is in front of anything.
    matchMedia('(max-width: 44rem)').addEventListener('change', ({ matches }) => { if (!matches) this.show(false, false); });
  }

  get open() { return document.body.classList.contains('menu'); }

  show(open, focus = true) {
    if (open === this.open) return;
    document.body.classList.toggle('menu', open);
    this.button.setAttribute('aria-expanded', String(open));
    this.main.inert = open;
    if (!focus) return;
    if (open) (this.side.querySelector('[aria-current]') ?? this.side.querySelector('button, input')).focus();
    else this.button.focus();
  }
}
