// What is said about the room: why there is none to be seen, and lines above the conversation.
'use strict';

import { bytesOf, newAddress } from './room-key.js';
import { element } from './room-text.js';

const $ = (id) => document.getElementById(id);

// Heading, text, and whether the rest of the link would help.
const REASONS = {
  away: ['The page could not start', 'The server did not answer. Reload the page to try again.', false],
  bare: ['The encryption is missing', 'The script that encrypts did not load. Reload the page to try again.', false],
  nameless: ['No such room', 'A room’s name has 4 to 64 letters, digits, _ and -.', false],
  damaged: [
    'The key in this link is damaged',
    'What follows #k= must be 32 bytes as base64. A part may have been lost when the link was copied.',
    true,
  ],
  keyless: [
    'This link lacks its key',
    'Somebody is talking here, with a key that stands behind the # of the link. Ask for all of it, or paste it here.',
    true,
  ],
};

/** Says why there is no conversation, and offers a way in. */
export function instead(reason) {
  const [heading, text, isAsking] = REASONS[reason];
  $('instead').hidden = false;
  $('instead-heading').textContent = heading;
  $('instead-text').textContent = text;
  $('instead-form').hidden = !isAsking;
  if (window.nacl) $('instead-new').href = newAddress();
  $('instead-form').addEventListener('submit', (event) => {
    event.preventDefault();
    const words = $('instead-link').value.trim();
    const key = words.split('#k=').at(-1).split('&')[0];
    const isKey = bytesOf(key)?.length === 32;
    $('instead-fault').hidden = isKey;
    $('instead-fault').textContent = 'There is no key in it: a link ends in #k= and 43 signs.';
    if (isKey) location.hash = `k=${key}`;
  });
}

/** Lines above the conversation, one for each subject; an empty text takes it away. */
export function makeNotices(holder) {
  const lines = new Map();
  return function notify(subject, text, tone, isPassing = false) {
    const line = lines.get(subject) ?? element('p');
    if (line.firstChild?.data === text) return;
    lines.set(subject, line);
    line.className = `alert-row alert-${tone}`;
    line.textContent = text;
    if (isPassing) {
      const close = element('button', 'quiet', '✕');
      close.type = 'button';
      close.ariaLabel = 'I have read it';
      close.addEventListener('click', () => notify(subject, ''));
      line.append(close);
    }
    if (text) holder.append(line);
    else line.remove();
  };
}
