// The key: in the address behind the #, where no browser sends it from.
'use strict';

import { sha256 } from './room-sha256.js';

const KEY_BYTES = 32;

/** Bytes as base64. */
export function base64(bytes) {
  let text = '';
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return btoa(text);
}

/** Bytes as base64url without padding. */
export function base64url(bytes) {
  return base64(bytes).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}

/** The bytes of either kind of base64, padded or not; null when it is none. */
export function bytesOf(text) {
  try {
    const letters = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
    const bytes = new Uint8Array(letters.length);
    for (let at = 0; at < bytes.length; at += 1) bytes[at] = letters.charCodeAt(at);
    return bytes;
  } catch {
    return null;
  }
}

/** What an address says: the room's id, its key, and `fault` when there is a `k=` that is no key. */
export function readAddress({ pathname, hash }) {
  const [, id] = /^\/room\/([A-Za-z0-9_-]{4,64})\/?$/i.exec(pathname) ?? [];
  const fields = new Map();
  for (const field of hash.slice(1).split('&')) {
    const [name, ...rest] = field.split('=');
    // Not URLSearchParams: it would make blanks of the plus signs of ordinary base64.
    if (name && !fields.has(name)) fields.set(name, rest.join('='));
  }
  const text = fields.get('k');
  const bytes = text ? bytesOf(unescaped(text)) : null;
  const key = bytes?.length === KEY_BYTES ? bytes : null;
  return { id, key, fault: Boolean(text && !key), isSigned: fields.get('signed') === '1' };
}

function unescaped(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export function newKey() {
  return window.nacl.randomBytes(KEY_BYTES);
}

/** The address of a room that nobody knows yet, key included. */
export function newAddress() {
  return `/room/${base64url(window.nacl.randomBytes(16))}#k=${base64url(newKey())}`;
}

/** A short hash of the key for people to compare, in groups of four. */
export function fingerprint(key) {
  return sha256(key).slice(0, 16).toUpperCase().match(/.{4}/g).join(' ');
}
