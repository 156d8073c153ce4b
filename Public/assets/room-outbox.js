// What was written and isn't in the room yet. One message at a time, so that their order holds; each is sealed once,
// so that a second try after a lost answer is the same envelope, which readers show once.
'use strict';

import { markOf } from './room-envelope.js';

const LONGEST_PAUSE = 10_000;
// However long a server asks to wait. A timer that is set for longer than 24 days goes off at once.
const LONGEST_WAIT = 600_000;
const PATIENCE = 20_000;
const LOST = 'The server had it and has lost it, perhaps when it was started again.';
const REFUSED = {
  400: 'The server doesn’t take it. It may be too long.',
  401: 'The server asks for a signature.',
  403: 'This room takes signed messages only, and this page has no handle to sign with.',
  413: 'It is too long.',
};

/**
 * - url: where messages are posted to.
 * - show(entry): draws an entry's state: `sending`, `waiting`, `sent` or `failed`, then with `entry.fault`.
 */
export function makeOutbox({ url, show }) {
  const entries = []; // still to be sent, in order
  const unseen = new Map(); // by mark: sent or not, but not come back from the room
  let isBusy = false;

  function set(entry, state, fault = '') {
    Object.assign(entry, { state, fault });
    if (unseen.has(entry.mark)) show(entry);
  }

  async function work() {
    if (isBusy) return;
    isBusy = true;
    for (let tries = 0; entries.length; ) {
      const [entry] = entries;
      const { isDone, seconds } = await post(entry);
      if (isDone) {
        if (entries[0] === entry) entries.shift();
        tries = 0;
      } else {
        set(entry, 'waiting');
        const pause = Math.min(LONGEST_PAUSE, 300 * 2 ** tries) * (0.5 + Math.random() / 2);
        const wait = Math.min(LONGEST_WAIT, Math.max(seconds * 1000 || 0, pause));
        await new Promise((resolve) => setTimeout(resolve, wait));
        tries += 1;
      }
    }
    isBusy = false;
  }

  async function post(entry) {
    // It came back from the room although the answer was lost.
    if (!unseen.has(entry.mark)) return { isDone: true };
    set(entry, 'sending');
    try {
      const headers = { 'Content-Type': 'application/json' };
      const signal = AbortSignal.timeout(PATIENCE);
      const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(entry.body), signal });
      if (response.ok) {
        entry.taken = performance.now();
        set(entry, 'sent');
      } else if (response.status === 429 || response.status >= 500) {
        return { isDone: false, seconds: Number(response.headers.get('Retry-After')) };
      } else {
        set(entry, 'failed', REFUSED[response.status] ?? `The server answers ${response.status}.`);
      }
      return { isDone: true };
    } catch {
      return { isDone: false };
    }
  }

  addEventListener('beforeunload', (event) => entries.length && event.preventDefault());

  return {
    /** Takes a sealed message; `text` is for showing it. */
    add(body, text) {
      const entry = { body, text, mark: markOf(body), state: 'waiting' };
      unseen.set(entry.mark, entry);
      show(entry);
      this.again(entry);
    },
    again(entry) {
      if (entries.includes(entry)) return;
      entries.push(entry);
      work();
    },
    /** What the server had taken by then and has not come back from the room. */
    takenBefore(time) {
      return [...unseen.values()].filter(({ state, taken }) => state === 'sent' && taken < time);
    },
    /** It is not in the room, although the server took it. */
    lose(entry) {
      if (entry.state === 'sent') set(entry, 'failed', LOST);
    },
    /** A message with this mark is in the room: the entry, if it is one of ours. */
    settle(mark) {
      const entry = unseen.get(mark);
      unseen.delete(mark);
      return entry;
    },
  };
}
