// The line to the room: picks a transport, notices when it is dead, comes back, and passes each message on once.
'use strict';

import { TRANSPORTS } from './room-transport.js';

// A transport that isn't ready and is silent for so long is blocked somewhere on the way.
const PATIENCE = 8_000;
// Who holds out for so long after that was no mere flash.
const STEADY = 10_000;
const LOOK = 5_000;
const SILENCE = { ws: 25_000, sse: 40_000, poll: 45_000 };
const LONGEST_PAUSE = 15_000;
// However long a server asks to wait. A timer that is set for longer than 24 days goes off at once.
const LONGEST_WAIT = 600_000;

/**
 * Keeps hearing a room until the page is left.
 * - forced: the one transport to use, if any.
 * - after: the last message that is known already.
 * - name(): the name to show to others.
 * - hear(event): messages in order and once each, and `ready`, `presence`, `locked`, `status`, `error`.
 * - note(state, transport): `connecting`, `live` or `reconnecting`.
 */
export function keepLine({ base, forced, after, name, hear, note }) {
  let link; // the connection under way
  let hurry = () => {}; // ends a pause
  let looked = Date.now();
  let isProbing = false;
  const proved = new Set();

  async function run() {
    note('connecting');
    for (let tries = 0; ; ) {
      // A socket that has worked here works again: the server is away, not the socket blocked.
      const steps = forced ? [forced] : proved.has('ws') && tries < 3 ? ['ws'] : Object.keys(TRANSPORTS);
      let least = 0;
      for (const kind of steps) {
        const outcome = await attempt(kind);
        least = Math.min(LONGEST_WAIT, Math.max(least, outcome.seconds * 1000 || 0));
        if (outcome.wasSteady) tries = 0;
        if (outcome.wasReady) break;
      }
      note('reconnecting');
      await pause(least, Math.min(LONGEST_PAUSE, 500 * 2 ** tries) * (0.3 + 0.7 * Math.random()));
      tries += 1;
    }
  }

  async function attempt(kind) {
    const control = new AbortController();
    const mine = (link = { kind, control, begun: performance.now(), readyAt: 0, heard: Date.now(), port: {} });
    // A long replay on a slow line is no silence.
    const timer = setInterval(() => mine.readyAt || Date.now() - mine.heard < PATIENCE || control.abort(), 500);
    let seconds = 0;
    try {
      const deliver = (data) => link === mine && take(mine, data);
      await TRANSPORTS[kind]({ base, after, name, signal: control.signal, port: mine.port, deliver });
    } catch (error) {
      seconds = error.seconds;
    } finally {
      clearInterval(timer);
      control.abort();
      if (link === mine) link = null;
    }
    const wasReady = mine.readyAt > 0;
    return { wasReady, wasSteady: wasReady && performance.now() - mine.readyAt > STEADY, seconds };
  }

  function take(mine, data) {
    mine.heard = Date.now();
    if (!data) return;
    let event = data;
    if (typeof data === 'string') {
      try {
        event = JSON.parse(data);
      } catch {
        return;
      }
    }
    if (event?.type === 'message') {
      // Every number is higher than the one before, over restarts too; what is not was here already.
      if (!Number.isSafeInteger(event.seq) || event.seq <= after) return;
      after = event.seq;
    } else if (event?.type === 'ready' && !mine.readyAt) {
      mine.readyAt = performance.now();
      event = { ...event, begun: mine.begun };
      proved.add(mine.kind);
      note('live', mine.kind);
      ask().catch(() => {});
    }
    if (event) hear(event);
  }

  /** Asks over a connection of its own how far the room is. */
  async function ask() {
    const response = await fetch(`${base}/status`, { signal: AbortSignal.timeout(PATIENCE) });
    if (!response.ok) throw new Error(response.statusText);
    const status = await response.json();
    hear({ type: 'status', ...status, date: Date.parse(response.headers.get('Date')) });
    return status;
  }

  // A connection can be dead without knowing: after sleep, or when the network changed.

  async function probe() {
    const mine = link;
    if (!mine?.readyAt || isProbing) return;
    isProbing = true;
    try {
      const status = await ask();
      if (status.exists !== false && status.last_seq > after) {
        // It may be on its way.
        await new Promise((resolve) => setTimeout(resolve, 2_000));
        if (status.last_seq > after) throw new Error('deaf');
      }
      mine.heard = Date.now();
    } catch {
      mine.control.abort();
    } finally {
      isProbing = false;
    }
  }

  function look() {
    const now = Date.now();
    const hasSlept = now - looked > 4 * LOOK;
    looked = now;
    if (link?.readyAt && (hasSlept || now - link.heard > SILENCE[link.kind])) probe();
  }

  /** Waits; who hurries comes earlier, but not before the server wants to see anybody. */
  function pause(least, length) {
    const earliest = performance.now() + least;
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, Math.max(least, length));
      hurry = () => {
        clearTimeout(timer);
        // A crowd comes online at once.
        setTimeout(resolve, Math.max(0, earliest - performance.now()) + Math.random() * 300);
      };
    });
  }

  function wake() {
    hurry();
    probe();
  }

  setInterval(look, LOOK);
  addEventListener('online', wake);
  addEventListener('offline', probe);
  addEventListener('pageshow', (event) => event.persisted && wake());
  addEventListener('focus', hurry);
  document.addEventListener('visibilitychange', () => document.hidden || wake());
  run();

  return {
    /** Tells the others that the name is a new one. */
    rename() {
      if (link?.kind === 'ws') link.port.say?.({ type: 'hello', name: name() });
      else if (link?.kind === 'sse') link.control.abort();
    },
  };
}
