// What was said here and is not stored yet: sent, repeated under the same key, and kept over a reload of the page.

const rekeysMax = 3;
// The node refuses these for the sender's pace or its own backlog, so what is said next would be refused too. All other refusals are for one post.
const paceCodes = new Set(['too_fast', 'full']);
const clockCodes = new Set(['key_ahead', 'key_old']);

/**
 * The posts of this tab, in the order said. A post is {key, room, text, user, host, state, sends, reason}, and `state` is one of `sending`,
 * `accepted`, `stored` (then it is dropped here), `refused`, `failed`.
 *
 * A repeat bears the same key, so it is the same message for everybody. A new key is made only while no node can have the post: it was never
 * sent, or its first send ever was refused.
 */
export class Posts {
  /**
   * `world`: keys, clock, memory {get, set}, monotonic(), later(call, ms), and what to call:
   * mayNowSend(post): there is a node; refusal(post): why it cannot be sent by whom the node takes us for, or ''; send(frame, post);
   * askTime(): the node is to say its time; changed(post, gone): to be shown.
   */
  constructor(world) {
    this.world = world;
    this.all = new Map();    // by key
    this.paceUntil = 0;
    this.saving = false;
    const saved = world.memory.get('posts', []);
    for (const post of Array.isArray(saved) ? saved : []) if (post?.key) this.all.set(post.key, { dated: true, rekeys: 0, code: '', ...post, until: 0 });
  }

  values() { return this.all.values(); }

  // ---- what the person does

  say(room, text, user) {
    const { keys, clock } = this.world;
    clock.jumped();
    const post = { key: keys.next(), dated: clock.sure, room, text, user, host: '', state: 'sending', sends: 0, rekeys: 0, reason: '', code: '', until: 0 };
    this.all.set(post.key, post);
    this.changed(post);
    this.sendDue();
    return post;
  }

  /** After a refusal or a failure, because the person wants it. */
  sayAgain(post) {
    if (post.state === 'refused' && post.sends <= 1) Object.assign(post, { rekey: true, rekeys: 0 });  // nobody has it, for sure
    Object.assign(post, { state: 'sending', reason: '', code: '', until: 0 });
    this.changed(post);
    this.sendDue();
  }

  forget(post) {
    this.all.delete(post.key);
    this.save();
    this.world.changed(post, true);
  }

  // ---- what is sent

  /**
   * There is a node again. All that waits is sent at once, whatever another one said; what was accepted is repeated too: that is how a node
   * learns whom to tell when it is stored. `another`: it is not the node that accepted.
   */
  resume(another) {
    this.paceUntil = 0;
    for (const post of this.all.values()) {
      if (post.state !== 'sending' && post.state !== 'accepted') continue;
      if (another) post.state = 'sending';
      Object.assign(post, { until: 0, asked: false, repeat: post.state === 'accepted' });
    }
    this.sendDue();
  }

  /** The node's time was learnt: what waited for it goes on. */
  timeLearnt() { this.sendDue(); }

  /** Sends what is due, in the order said. A post that waits for itself holds up nobody. */
  sendDue() {
    const now = this.world.monotonic();
    let next = Infinity;
    let timeWanted = false;
    for (const post of [...this.all.values()]) {
      if ((post.state !== 'sending' && !post.repeat) || post.asked || !this.world.mayNowSend(post)) continue;
      const reason = this.world.refusal?.(post);
      if (reason) {
        this.answered({ key: post.key, code: 'sign_in', reason }, 'refused');
        continue;
      }
      const due = Math.max(post.until, this.paceUntil);
      if (due > now) {
        next = Math.min(next, due);
      } else if (post.rekey || post.sends === 0) {
        if (this.world.clock.sure) this.sendFirst(post);
        else timeWanted = true;
      } else {
        this.send(post);
      }
    }
    if (timeWanted) this.world.askTime();
    if (next === Infinity || this.timerAt <= next) return;
    this.timerAt = next;
    this.world.later(() => {
      this.timerAt = undefined;
      this.sendDue();
    }, next - now);
  }

  sendFirst(post) {
    if (post.rekey || !post.dated) {
      this.all.delete(post.key);
      this.world.changed(post, true);
      Object.assign(post, { key: this.world.keys.next(), rekey: false, dated: true, sends: 0, until: 0, code: '', host: '' });
      this.all.set(post.key, post);
      this.world.changed(post, false);
    }
    this.send(post);
  }

  send(post) {
    post.sends += 1;
    post.asked = true;
    post.host ||= this.world.node ?? '';
    this.save();
    const { room, key, text, host } = post;
    this.world.send({ t: 'post', room, key, text, ...(host ? { host } : {}) }, post);
  }

  // ---- what the node says

  answered(frame, state) {
    const post = this.all.get(frame.key);
    if (!post || (state === 'accepted' && post.state !== 'sending' && !post.repeat)) return;
    Object.assign(post, { repeat: false, state, id: frame.id ?? post.id, reason: frame.reason ?? '', code: frame.code ?? '', asked: false });
    if (state === 'stored') this.all.delete(post.key);
    this.changed(post);
  }

  refused(frame) {
    const post = this.all.get(frame.key);
    if (!post) return;
    const { code, retry_ms: retryMs } = frame;
    if (clockCodes.has(code) && post.sends === 1 && post.rekeys < rekeysMax) {
      Object.assign(post, { rekey: true, rekeys: post.rekeys + 1, code, asked: false });
      this.world.clock.doubt();
      return this.sendDue();
    }
    if (retryMs === undefined) return this.answered(frame, 'refused');
    const until = this.world.monotonic() + retryMs;
    Object.assign(post, { until, code, reason: frame.reason ?? '', asked: false });
    if (paceCodes.has(code)) this.paceUntil = Math.max(this.paceUntil, until);
    this.changed(post);
    this.sendDue();
  }

  /** What waits for a time that the node named, by code: Map code -> {count, until}; `until`: the earliest, monotonic. */
  waiting() {
    const found = new Map();
    const now = this.world.monotonic();
    for (const post of this.all.values()) {
      if (post.state !== 'sending' || !post.code || post.until <= now) continue;
      const one = found.get(post.code) ?? { count: 0, until: Infinity };
      found.set(post.code, { count: one.count + 1, until: Math.min(one.until, post.until) });
    }
    return found;
  }

  changed(post) {
    this.save();
    this.world.changed(post, false);
  }

  /** Once for all that happens in this task. */
  save() {
    if (this.saving) return;
    this.saving = true;
    queueMicrotask(() => {
      this.saving = false;
      this.world.memory.set('posts', [...this.all.values()].map(({ until, asked, repeat, ...kept }) => kept));
    });
  }
}
