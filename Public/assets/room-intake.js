// From envelopes to messages: opened a few milliseconds at a time, so that ten thousand don't freeze the page; copies
// are dropped, what can't be read is folded, and what has had its time goes.
'use strict';

import { isMessage, markOf, open } from './room-envelope.js';
import { dayOf } from './room-row.js';
import { isVerified } from './room-text.js';

const SLICE = 10;
// Nobody sees a hidden page, and its timers are slow.
const HIDDEN_SLICE = 100;
// While there is more to come, rows are handed on in lots: most of them scroll past without being seen.
const LOT = 400;
const TOGETHER = 5 * 60_000;
// Copies come soon or never: more marks than a server has messages are enough.
const SEEN = 50_000;
// A row for sealed messages counts so many at most.
const RUN = 1_000;
// The server tells its time as soon as there is a line; if not, this browser's must do.
const CLOCK_PATIENCE = 10_000;

/**
 * - show(items, grown): new rows, and the run of sealed messages that has grown, if any.
 * - hide(item): its time is over; forget(seq): it was before the message could be shown.
 * - isOurs(mark): whether this page sent it.
 */
export function makeIntake({ key, show, hide, forget, isOurs }) {
  const queue = [];
  const seen = new Set();
  const byId = new Map();
  const expiring = new Set();
  const counts = { readable: 0, sealed: 0 };
  const breath = new MessageChannel(); // a timer would wait for 4 ms each time
  let items = []; // rows not handed on yet
  let grown; // a row handed on that has grown
  let handed = 0; // when the last lot was
  let last; // the newest row
  let isAtWork = false;
  let ahead = 0; // of this browser's clock, the server's, in ms
  let isClockKnown = false;
  let clockDue = 0; // when it is waited for no longer

  breath.port1.onmessage = () => {
    const begin = performance.now();
    const end = begin + (document.hidden ? HIDDEN_SLICE : SLICE);
    let at = 0;
    while (at < queue.length && performance.now() < end) {
      const { envelope, isNew, isKept, done } = queue[at];
      at += 1;
      if (done) {
        done();
        continue;
      }
      const item = read(envelope, isNew, isKept);
      if (!item) continue;
      if (item !== last) items.push((last = item));
      else if (items.at(-1) !== item) grown = item;
    }
    queue.splice(0, at);
    isAtWork = queue.length > 0;
    if (!isAtWork || begin - handed > LOT) hand(begin);
    if (isAtWork) breath.port2.postMessage(0);
  };

  function put(entry) {
    queue.push(entry);
    if (!isAtWork) breath.port2.postMessage(0);
    isAtWork = true;
  }

  function hand(now) {
    const [rows, row] = [items, grown];
    [items, grown, handed] = [[], undefined, now];
    if (rows.length || row) show(rows, row);
  }

  /** The row of an envelope; the last row when it only grows; nothing when there is nothing to show. */
  function read(envelope, isNew, isKept) {
    const mark = markOf(envelope);
    if (seen.has(mark)) return null;
    seen.add(mark);
    if (seen.size > SEEN) seen.delete(seen.values().next().value);
    const ttl = Number.isFinite(envelope.ttl_ms) ? envelope.ttl_ms : 0;
    const gone = ttl > 0 ? envelope.ts + ttl - ahead : 0;
    // The server has what it sends: before its clock is known, this browser's may be what is wrong.
    if (gone && gone <= Date.now() && (isKept || canTell())) {
      forget(envelope.seq);
      return null;
    }
    const text = open(envelope, key);
    const { seq, ts, sender, sender_verified } = envelope;
    const day = dayOf(ts);
    const isNewDay = last?.day !== day;
    if (text === null) {
      counts.sealed += 1;
      // Who has no key can post as well, so what can't be read isn't kept whole.
      const { nonce, ciphertext } = envelope;
      const slip = { seq, ts, sender, sender_verified, nonce, ciphertext: [...ciphertext.slice(0, 24)].join('') };
      if (last?.kind === 'sealed' && !isNewDay && last.count < RUN) {
        last.count += 1;
        last.envelopes.push(slip);
        return last;
      }
      const envelopes = [slip];
      return { kind: 'sealed', seq, ts, day, isNewDay, isNew, count: 1, envelopes };
    }
    const isMine = isOurs(mark);
    if (!isMine) counts.readable += 1;
    const item = {
      kind: 'text', seq, ts, day, sender, sender_verified, text, isMine, isNew, isNewDay, gone, envelopes: [envelope],
      id: envelope.id,
      replyTo: typeof envelope.reply_to === 'string' ? envelope.reply_to : '',
      isSame: continues(last, envelope),
    };
    if (!byId.has(item.id)) byId.set(item.id, item);
    if (gone) expiring.add(item);
    return item;
  }

  // Whoever has just spoken needs no second heading; a namesake does.
  function continues(before, envelope) {
    return (
      before?.kind === 'text' && before.sender === envelope.sender && isVerified(before) === isVerified(envelope) &&
      !envelope.reply_to && envelope.ts - before.ts < TOGETHER
    );
  }

  function canTell() {
    clockDue ||= performance.now() + CLOCK_PATIENCE;
    return isClockKnown || performance.now() >= clockDue;
  }

  setInterval(() => {
    if (!expiring.size || !canTell()) return;
    const now = Date.now();
    for (const item of expiring) {
      // What isn't on the list yet can't be taken off it.
      if (item.gone > now || !item.chunk) continue;
      expiring.delete(item);
      byId.delete(item.id);
      hide(item);
      if (item === last) last = { kind: 'gone', day: item.day };
      item.text = '';
    }
  }, 1_000);

  return {
    counts,
    byId,
    /** Envelopes that came but aren't on the list yet. */
    get waiting() {
      return [...items.flatMap(({ envelopes }) => envelopes), ...queue.flatMap(({ envelope }) => envelope ?? [])];
    },
    take(envelope, isNew, isKept = false) {
      if (isMessage(envelope)) put({ envelope, isNew, isKept });
    },
    /** Calls `done` once all that was taken before has been read. */
    afterwards(done) {
      put({ done });
    },
    /** The server's clock, as its answers tell it. */
    setClock(date) {
      if (!Number.isFinite(date)) return;
      // Their time has no fractions of a second, and both are near enough most of the time.
      const difference = date - Date.now();
      ahead = Math.abs(difference) < 2_000 ? 0 : difference;
      // What came before it was known was reckoned by this browser's clock.
      if (!isClockKnown) for (const item of expiring) item.gone -= ahead;
      isClockKnown = true;
    },
    drop(items) {
      for (const item of items) {
        byId.delete(item.id);
        expiring.delete(item);
        for (const envelope of item.envelopes) seen.delete(markOf(envelope));
      }
    },
  };
}
