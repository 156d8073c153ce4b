// Envelopes: text sealed with XSalsa20-Poly1305, as every client of a room does it.
'use strict';

import { base64, bytesOf } from './room-key.js';

const { nacl } = window;
const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The sealed text, as the fields of a message. */
export function seal(text, key) {
  const nonce = nacl.randomBytes(nacl.secretbox.nonceLength);
  return { ciphertext: base64(nacl.secretbox(encoder.encode(text), nonce, key)), nonce: base64(nonce) };
}

/** The text of an envelope; null when this key doesn't open it. */
export function open({ ciphertext, nonce }, key) {
  const [box, number] = [bytesOf(ciphertext), bytesOf(nonce)];
  if (!box || number?.length !== nacl.secretbox.nonceLength) return null;
  const bytes = nacl.secretbox.open(box, number, key);
  if (!bytes) return null;
  try {
    return decoder.decode(bytes);
  } catch {
    return null;
  }
}

/** Whether what a server sent has the shape of a message. It is no friend: only what was looked at is believed. */
export function isMessage(event) {
  return (
    Number.isSafeInteger(event.seq) && Number.isFinite(event.ts) &&
    [event.id, event.sender, event.ciphertext, event.nonce].every((field) => typeof field === 'string') &&
    [event.ciphertext, event.nonce].every((field) => /^[\w+/=-]*$/.test(field))
  );
}

/** The same for every copy of an envelope, whoever sends it again and in either base64, and for no other. */
export function markOf({ ciphertext, nonce }) {
  // The first 16 bytes are the authenticator, over all the others; beyond 21 letters base64 leaves a choice. Letter by
  // letter, since a mere slice could keep the whole ciphertext in memory.
  return [...(nonce + ciphertext.slice(0, 21)).replaceAll('-', '+').replaceAll('_', '/')].join('');
}
