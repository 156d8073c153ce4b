// Rows: a message, a run of sealed ones, a message that is being sent.
'use strict';

import { element, excerpt, safeName, safeText, senderNodes, senderWords } from './room-text.js';

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const clockWithSeconds = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const calendar = new Intl.DateTimeFormat(undefined, { dateStyle: 'full' });
const whole = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'medium' });
// Beyond these a Date is none, and formatting it throws.
const LAST_TIME = 8.64e15;
const SEALED_LISTED = 20;

const dateOf = (ts) => new Date(Math.max(-LAST_TIME, Math.min(ts, LAST_TIME)));

export const dayOf = (ts) => dateOf(ts).toDateString();

function timeOf(ts) {
  const date = dateOf(ts);
  const time = element('time', '', clock.format(date));
  time.dateTime = date.toISOString();
  time.title = whole.format(date);
  return time;
}

function button(act, className, label) {
  const node = element('button', className);
  node.type = 'button';
  node.dataset.act = act;
  if (label) node.textContent = label;
  return node;
}

function begin(item, className) {
  const row = element('li', className);
  if (item.isNewDay) row.append(element('p', 'day', calendar.format(dateOf(item.ts))));
  return row;
}

/** A message. `target` is the one it replies to, if it is still here. */
export function messageRow(item, target) {
  const row = begin(item, 'message');
  row.dataset.seq = item.seq;
  row.tabIndex = -1;
  if (item.isMine) row.classList.add('mine');
  if (item.isSame && !item.isNewDay) row.classList.add('same');
  const head = element('p', 'from');
  head.append(...senderNodes(item));
  if (item.isMine) head.append(element('span', '', 'you'));
  head.append(timeOf(item.ts));
  if (item.gone) {
    const gone = element('span', 'gone', `gone at ${clockWithSeconds.format(dateOf(item.gone))}`);
    gone.title = whole.format(dateOf(item.gone));
    head.append(gone);
  }
  row.append(head);
  if (item.replyTo) row.append(quote(item.replyTo, target));
  const text = element('p', 'text', safeText(item.text));
  text.dir = 'auto';
  row.append(text);
  const reply = button('reply', 'quiet reply', 'Reply');
  reply.ariaLabel = `Reply to ${senderWords(item)}`;
  row.append(reply);
  return row;
}

function quote(id, target) {
  if (!target) return element('p', 'quote quote-gone', 'Reply to a message that is no longer here');
  const node = button('jump', 'quote');
  node.dataset.quotes = id;
  node.append(...senderNodes(target), ' ', element('bdi', '', excerpt(target.text)));
  return node;
}

/** Messages in a row that this key doesn't open. */
export function sealedRow(item) {
  const row = begin(item, 'sealed');
  const details = element('details');
  const many = item.count === 1 ? 'A message' : `${item.count} messages`;
  details.append(element('summary', '', `${many} that this key can’t read`));
  const list = element('ul');
  for (const envelope of item.envelopes.slice(0, SEALED_LISTED)) {
    const line = element('li');
    line.append(...senderNodes(envelope), ' ', timeOf(envelope.ts));
    list.append(line);
  }
  if (item.count > SEALED_LISTED) list.append(element('li', '', `and ${item.count - SEALED_LISTED} more`));
  details.append(list);
  row.append(details);
  return row;
}

const STATES = { sending: 'sending…', waiting: 'waiting for the server…', sent: 'sent' };

/** A message that isn't in the room yet. */
export function pendingRow(entry) {
  const row = element('li', `message mine pending pending-${entry.state}`);
  const head = element('p', 'from');
  head.append(element('bdi', 'sender', safeName(entry.body.sender)));
  head.append(element('span', 'gone', STATES[entry.state] ?? 'not sent'));
  const text = element('p', 'text', safeText(entry.text));
  text.dir = 'auto';
  row.append(head, text);
  if (entry.state === 'failed') {
    const fault = element('p', 'alert', entry.fault);
    fault.role = 'alert';
    row.append(fault, button('again', 'quiet', 'Try again'), button('edit', 'quiet', 'Back to the text'));
  }
  return row;
}
