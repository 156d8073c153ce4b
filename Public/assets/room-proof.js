// Who wrote a message: a name that anybody may use, a handle that the server vouches for, or one whose signature was
// checked here against the key that is published for it.
'use strict';

import { bytesOf } from './room-key.js';
import { sha256 } from './room-sha256.js';

const { nacl } = window;
const encoder = new TextEncoder();

/** What can be said of a sender, what it means, and whether the handle may be believed. */
export const STANDINGS = {
  claimed: ['claimed', 'Anybody with the link could use this name.'],
  vouched: ['vouched', 'The server says that it checked the handle’s signature. It was not passed on to check here.'],
  proven: ['proven', 'The signature was checked in this browser, against the key published for the handle.'],
  forged: ['false signature', 'The signature that came with it is not the handle’s. Don’t believe the name.'],
};

export function makeProofs(room) {
  const keys = new Map();

  /** The published key of a handle; asked for once. */
  function keyOf(handle) {
    if (!keys.has(handle)) {
      const asked = fetch(`/api/identity/${encodeURIComponent(handle)}`)
        .then((response) => (response.ok ? response.json() : Promise.reject(response.status)))
        .then(({ sign_pub }) => bytesOf(sign_pub));
      // What failed may work later.
      asked.catch(() => keys.delete(handle));
      keys.set(handle, asked);
    }
    return keys.get(handle);
  }

  /** Looks at the proof that came with a message. That costs milliseconds, so only for what is shown. */
  async function standing(envelope) {
    if (envelope.sender_verified !== true) return 'claimed';
    const { sender_handle: handle, sender_ts: time, sender_nonce: number, sender_sig: proof } = envelope;
    if (typeof handle !== 'string' || typeof proof !== 'string') return 'vouched';
    const name = handle.toLowerCase();
    if (envelope.sender !== `@${name}`) return 'forged';
    let key;
    try {
      key = await keyOf(name);
    } catch {
      return 'vouched';
    }
    const signed = encoder.encode(`room-msg ${room} ${time} ${number} ${sha256(encoder.encode(envelope.ciphertext))}`);
    const signature = bytesOf(proof);
    const isGood =
      key?.length === nacl.sign.publicKeyLength && signature?.length === nacl.sign.signatureLength &&
      nacl.sign.detached.verify(signed, signature, key);
    return isGood ? 'proven' : 'forged';
  }

  return { standing };
}
