// What strangers wrote, made fit to be shown. Markup is no danger, since all of it goes in as text nodes; what is left
// are signs that nobody sees or that turn the writing round.
'use strict';

const NAME_LENGTH = 32;

// Controls, what sets a direction, what joins or has no width, tags, and halves of letters.
const HIDDEN = /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029\u115f\u1160\u3164\uffa0]/gu;

/** A name: on one line, cut, with a mark for every sign that doesn't show. */
export function safeName(name) {
  const letters = [...name.replace(HIDDEN, '\ufffd').trim()];
  if (!letters.length) return '(no name)';
  return letters.length > NAME_LENGTH ? letters.slice(0, NAME_LENGTH - 1).join('') + '…' : letters.join('');
}

/** A text: lines and tabs stay, other controls become their pictures, and a forced direction is named. */
export function safeText(text) {
  return text
    .replace(/\r\n?/g, '\n')
    .replace(/[\0-\x08\x0b-\x1f]/g, (sign) => String.fromCharCode(0x2400 + sign.charCodeAt(0)))
    .replace(/[\x7f-\x9f]/g, '\ufffd')
    // Embeddings and overrides show letters in another order than they are in; isolates and marks are honest.
    .replace(/[\u202a-\u202e]/g, (sign) => `[U+${sign.charCodeAt(0).toString(16).toUpperCase()}]`);
}

/** The beginning of a text, on one line. */
export function excerpt(text, length = 120) {
  const letters = [...safeText(text.slice(0, length * 4)).replace(/\s+/g, ' ').trim()];
  return letters.length > length ? letters.slice(0, length - 1).join('') + '…' : letters.join('');
}

/** A name as the server takes it: 1 to 40 of letters, digits, @ . _ - and everything beyond ASCII. */
export function ownName(text) {
  const plain = text.trim().replace(HIDDEN, '').replace(/[\0-\x2c\x2f\x3a-\x3f\x5b-\x5e\x60\x7b-\x9f]+/g, '-');
  // The cut may go through a letter of two halves.
  return plain.slice(0, 40).replace(/[\ud800-\udbff]$/, '');
}

/** An element with text in it. Names go into a <bdi>, so that their direction ends where they end. */
export function element(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}
