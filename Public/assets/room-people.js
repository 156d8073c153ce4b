// Who is here, as far as the server tells; and what is said to those who listen to the page.
'use strict';

import { element, excerpt, safeName, senderWords } from './room-text.js';

const LISTED = 100;
// Named ones give a sign of life every 15 s.
const QUIET = 45_000;
const BREATH = 700;

/** The list of people. */
export function makePeople({ heading, list }) {
  return function show({ size, participants }) {
    const count = Number.isSafeInteger(size) ? size : 0;
    const named = Array.isArray(participants) ? participants.filter((one) => typeof one?.name === 'string') : [];
    heading.textContent = `Here now: ${Math.max(count, named.length)}`;
    const rows = named.slice(0, LISTED).map(({ name, last_seen_ms_ago: silence }) => {
      const row = element('li');
      row.append(element('bdi', 'sender sender-claimed', safeName(name)));
      if (silence > QUIET) row.append(element('small', '', ` quiet for ${Math.round(silence / 1000)} s`));
      return row;
    });
    const rest = Math.max(count, named.length) - rows.length;
    const others = rows.length ? `and ${rest} more` : `${rest} without a list of names`;
    if (rest > 0) rows.push(element('li', 'rest', others));
    list.replaceChildren(...rows);
  };
}

/** Reads new messages out, at a pace that can be listened to. */
export function makeSpeaker(node) {
  let due = [];
  let timer = 0;
  return function say(items) {
    due.push(...items);
    if (!due.length) return;
    timer ||= setTimeout(() => {
      timer = 0;
      const texts = due.map((item) => `${senderWords(item)}: ${excerpt(item.text, 200)}`);
      node.textContent = texts.length > 3 ? `${texts.length} new messages` : texts.join('. ');
      due = [];
    }, BREATH);
  };
}
