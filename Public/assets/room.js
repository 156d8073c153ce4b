// A room in the browser. The key comes from the address and stays here; this script joins up the parts that each do
// one thing.
'use strict';

import { makeComposer } from './room-composer.js';
import { isMessage } from './room-envelope.js';
import { makeHistory } from './room-history.js';
import { makeIntake } from './room-intake.js';
import { base64url, fingerprint, newKey, readAddress } from './room-key.js';
import { keepLine } from './room-line.js';
import { makeLog } from './room-log.js';
import { instead, makeNotices } from './room-notices.js';
import { makeOutbox } from './room-outbox.js';
import { makePeople, makeSpeaker } from './room-people.js';
import { messageRow, pendingRow, sealedRow } from './room-row.js';
import { makeSide } from './room-side.js';
import { excerpt } from './room-text.js';

const $ = (id) => document.getElementById(id);
const WORDS = {
  connecting: 'Connecting…',
  live: 'Connected',
  reconnecting: 'Reconnecting…',
};

const WAYS = { ws: 'by WebSocket', sse: 'by server-sent events', poll: 'by long-polling' };
const MADE =
  'This room is new, and its key was made in this browser just now. If somebody sent you here, their link was cut: ' +
  'ask for all of it.';
const LOCKED =
  'This room takes signed messages only. This page has no handle to sign with: you can read here, but not write.';

const address = readAddress(location);
const base = `/api/rooms/${address.id}`;
// What stands behind the # is the key: a leap within the page must not take its place.
document.querySelector('.skip').addEventListener('click', (event) => {
  event.preventDefault();
  $('main').tabIndex = -1;
  $('main').focus();
});
// Another key is another conversation.
addEventListener('hashchange', () => location.reload());
start().catch(() => instead('away'));

async function start() {
  if (!window.nacl) return instead('bare');
  if (!address.id) return instead('nameless');
  if (address.fault) return instead('damaged');
  const isMade = !address.key;
  if (isMade) {
    // Whoever comes first makes the key; who comes later without it has half a link.
    if ((await status()).exists) return instead('keyless');
    address.key = newKey();
    history.replaceState(null, '', `${location.pathname}${location.search}#k=${base64url(address.key)}`);
  }
  await enter(address, isMade);
}

async function status() {
  const response = await fetch(`${base}/status`);
  if (!response.ok) throw new Error(response.statusText);
  return response.json();
}

async function enter({ id, key, isSigned }, isMade) {
  const notify = makeNotices($('notices'));
  const archive = makeHistory(id, () => side.showHistory());
  const say = makeSpeaker($('said'));
  const showPeople = makePeople({ heading: $('people-heading'), list: $('people') });
  const pendings = new Map(); // rows, by entry
  let hasBeenReady = false;
  let line; // begun once history is loaded
  let missed = 0; // new messages below the view

  $('room').hidden = false;
  $('room-id').textContent = id;
  if (isMade) notify('made', MADE, 'caution', true);
  if (isSigned) lock();

  const log = makeLog({
    scroller: $('log'),
    holder: $('chunks'),
    draw,
    moved(isAtEnd) {
      if (isAtEnd) missed = 0;
      showNewer();
    },
    dropped: (items) => intake.drop(items),
  });

  const outbox = makeOutbox({
    url: `${base}/messages`,
    show(entry) {
      const row = pendingRow(entry);
      if (pendings.has(entry)) pendings.get(entry).replaceWith(row);
      else $('pending').append(row);
      pendings.set(entry, row);
      $('quiet').hidden = true;
      log.settle();
    },
  });

  const intake = makeIntake({ key, show, hide, forget: archive.remove, isOurs });

  const composer = makeComposer({
    find: $,
    key,
    send(body, text) {
      log.toEnd();
      outbox.add(body, text);
    },
    renamed: () => line?.rename(),
  });

  const side = makeSide({
    find: $,
    history: archive,
    fingerprint: fingerprint(key),
    notify,
    keep() {
      for (let item = log.first; item; item = log.after(item)) {
        if (item.kind === 'text') item.envelopes.forEach(archive.add);
      }
      intake.waiting.forEach(archive.add);
    },
  });

  // Rows

  function draw(item) {
    if (item.kind === 'sealed') return sealedRow(item);
    return messageRow(item, item.replyTo && intake.byId.get(item.replyTo));
  }

  function isOurs(mark) {
    const entry = outbox.settle(mark);
    pendings.get(entry)?.remove();
    pendings.delete(entry);
    return Boolean(entry);
  }

  function show(items, grown) {
    $('quiet').hidden = true;
    if (grown) log.redraw(grown);
    log.append(items);
    const fresh = items.filter(({ kind, isNew, isMine }) => kind === 'text' && isNew && !isMine);
    say(fresh);
    if (!log.isAtEnd) missed += fresh.length;
    showNewer();
    const { sealed, readable } = intake.counts;
    if (!sealed) return;
    const count = `Messages that this link’s key can’t read: ${sealed}`;
    if (readable) notify('sealed', `${count}.`, 'caution');
    else notify('sealed', `${count}, and no other. Somebody uses another key: compare fingerprints.`, 'danger');
  }

  function hide(item) {
    const after = log.after(item);
    log.remove(item);
    archive.remove(item.seq);
    if (composer.target === item) composer.reply(null);
    if (after && (after.isSame || item.isNewDay)) {
      after.isSame = false;
      after.isNewDay ||= item.isNewDay;
      log.redraw(after);
    }
    // Nor may it stay readable where it is quoted.
    for (const quote of $('chunks').querySelectorAll(`[data-quotes="${CSS.escape(item.id)}"]`)) {
      const answer = rowItem(quote);
      if (answer) log.redraw(answer);
    }
    $('quiet').hidden = Boolean(log.last || pendings.size);
  }

  function showNewer() {
    $('newer').hidden = log.isAtEnd;
    $('newer').textContent = missed ? `${missed} new` : 'To the newest';
    document.title = `${missed ? `(${missed}) ` : ''}Room · Signalbox`;
  }

  function rowItem(node) {
    return log.itemOf(node.closest('[data-seq]'));
  }

  $('newer').addEventListener('click', () => log.toEnd());
  $('log').addEventListener('click', (event) => {
    const node = event.target.closest('[data-act]');
    const item = node && rowItem(node);
    if (node?.dataset.act === 'reply' && item) composer.reply(item);
    if (node?.dataset.act === 'jump' && item) jump(intake.byId.get(item.replyTo));
    const [entry] = [...pendings].find(([, row]) => row.contains(node)) ?? [];
    if (entry && node.dataset.act === 'again') outbox.again(entry);
    if (entry && node.dataset.act === 'edit') {
      isOurs(entry.mark);
      composer.restore(entry.text);
    }
  });

  function jump(target) {
    // It may have come and wait to be shown.
    if (!target?.chunk) return;
    const row = log.reveal(target);
    row.classList.add('found');
    setTimeout(() => row.classList.remove('found'), 2_000);
  }

  // The line

  function lock() {
    notify('locked', LOCKED, 'caution');
    $('composer').dataset.locked = '';
    queueMicrotask(() => composer.close());
  }

  function hear(event) {
    if (event.type === 'message') {
      if (archive.isOn && isMessage(event)) archive.add(event);
      intake.take(event, hasBeenReady);
    } else if (event.type === 'ready') {
      hasBeenReady = true;
      // What the server had taken before this line was begun has come by now, or won't.
      const taken = outbox.takenBefore(event.begun);
      if (taken.length) intake.afterwards(() => taken.forEach(outbox.lose));
      if (Array.isArray(event.participants)) showPeople(event);
    } else if (event.type === 'presence') showPeople(event);
    else if (event.type === 'locked' || (event.type === 'status' && event.signed_only === true)) {
      if (!('locked' in $('composer').dataset)) lock();
    } else if (event.type === 'error') {
      notify('error', `The server says: ${excerpt(String(event.error))}`, 'danger');
    }
    if (event.type === 'status') intake.setClock(event.date);
  }

  function note(state, transport) {
    const live = $('live');
    live.hidden = false;
    live.dataset.state = { connecting: 'waiting', live: 'live', reconnecting: 'stale' }[state];
    live.dataset.transport = transport ?? '';
    live.textContent = WORDS[state];
    live.title = WAYS[transport] ?? '';
    if (state === 'live') notify('error', '');
  }

  const kept = await archive.load().catch(() => []);
  side.showHistory();
  for (const envelope of kept) intake.take(envelope, false, true);
  const wanted = new URLSearchParams(location.search).get('transport');
  line = keepLine({
    base,
    forced: ['ws', 'sse', 'poll'].includes(wanted) ? wanted : '',
    after: kept.at(-1)?.seq ?? 0,
    name: () => composer.name,
    hear,
    note,
  });
}
