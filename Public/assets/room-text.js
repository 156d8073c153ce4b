// What strangers wrote, made fit to be shown. Markup is no danger, since all of it goes in as text nodes; what is left
// are signs that nobody sees or that turn the writing round.
'use strict';

const NAME_LENGTH = 32;

// Controls, what sets a direction, what joins or has no width, variants, tags, and halves of letters.
const HIDDEN = String.raw`[\p{Cc}\p{Cf}\p{Cs}\p{Default_Ignorable_Code_Point}\u2028\u2029]`;
// In an emoji some of these have their place: joiners make one sign of several, a family say, and tags a flag of three.
const SIGN = String.raw`\p{Extended_Pictographic}(?:\p{Emoji_Modifier}|\ufe0f)?`;
const TAGGED = ['gbeng', 'gbsct', 'gbwls'].map((land) => [...land].map(tag).join(''));
const EMOJI = `\u{1f3f4}(?:${TAGGED.join('|')})\u{e007f}|${SIGN}(?:\u200d${SIGN})*|[0-9#*]\ufe0f\u20e3`;
const EMOJI_OR_HIDDEN = new RegExp(`(${EMOJI})|${HIDDEN}`, 'gu');
// This page's own sign of a checked signature, and what looks like it.
const CHECKS = /[\u221a\u2611\u2705\u2713\u2714\u{1f5f8}\u{1f5f9}]\ufe0f?/gu;

/** The text with something else for each sign that doesn't show. */
const replaceHidden = (text, other) => text.replace(EMOJI_OR_HIDDEN, (_, emoji) => emoji ?? other);

function tag(letter) {
  return String.fromCodePoint(0xe0000 + letter.codePointAt(0));
}

/** A name: on one line, cut, with a mark for every sign that doesn't show or that isn't for names. */
export function safeName(name) {
  const letters = [...replaceHidden(name, '\ufffd').replace(CHECKS, '\ufffd').trim()];
  if (!letters.length) return '(no name)';
  if (letters.length <= NAME_LENGTH) return letters.join('');
  // The cut may go through a sign of several.
  return `${letters.slice(0, NAME_LENGTH - 1).join('').replace(/[\u200d\u{e0020}-\u{e007f}]+$/u, '')}…`;
}

/** What can be said of a sender, and what it means. */
const STANDINGS = {
  verified: ['verified', 'The server checked the handle’s signature.'],
  claimed: ['claimed', 'Anybody with the link could use this name.'],
};

/** Whether a message is from a handle whose signature the server checked. */
export function isVerified({ sender, sender_verified }) {
  return sender_verified === true && /^@[a-z0-9][a-z0-9_-]{1,31}$/.test(sender);
}

/** A verified handle as a whole, for it is told from others by every letter; else a name that was made safe. */
const shownName = (message) => (isVerified(message) ? message.sender : safeName(message.sender));

/** A sender's name, with what tells a handle from a mere name that looks like it, wherever the name stands. */
export function senderNodes({ sender, sender_verified }) {
  const standing = isVerified({ sender, sender_verified }) ? 'verified' : 'claimed';
  const [word, meaning] = STANDINGS[standing];
  const badge = element('span', `badge badge-${standing}`, word);
  badge.title = meaning;
  return [element('bdi', `sender sender-${standing}`, shownName({ sender, sender_verified })), ' ', badge];
}

/** The same to be read out. */
export function senderWords(message) {
  return isVerified(message) ? `${shownName(message)}, verified` : shownName(message);
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
  const plain = replaceHidden(text.trim(), '').replace(/[\0-\x2c\x2f\x3a-\x3f\x5b-\x5e\x60\x7b-\x9f]+/g, '-');
  // The cut may go through a letter of two halves, or a sign of several.
  return replaceHidden(plain.slice(0, 40).replace(/[\ud800-\udbff]$/, ''), '');
}

/** An element with text in it. Names go into a <bdi>, so that their direction ends where they end. */
export function element(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}
