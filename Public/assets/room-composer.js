// Where messages are written: text, name, how long it is kept, and what it replies to.
'use strict';

import { seal } from './room-envelope.js';
import { element, excerpt, ownName, senderNodes } from './room-text.js';

const NAME_KEY = 'signalbox-name';
// The server takes 128 KiB of base64, of which 16 bytes are the seal's own.
const LONGEST = (128 * 1024 * 3) / 4 - 16;
const TOO_LONG = 'This is too long for one message. Send it in parts.';

// For this tab alone: a name kept for good would join up rooms that have nothing to do with each other. A browser may
// refuse even that, and then the name is a new one each time.

function remembered() {
  try {
    return sessionStorage.getItem(NAME_KEY) ?? '';
  } catch {
    return '';
  }
}

function remember(name) {
  try {
    sessionStorage.setItem(NAME_KEY, name);
  } catch {}
}

/** - send(body, text); renamed(name): a new name was chosen. */
export function makeComposer({ find, key, send, renamed }) {
  const [form, text, name, ttl, fault, replying] = ['composer', 'text', 'name', 'ttl', 'fault', 'replying'].map(find);
  let target; // the message that is replied to

  let current = ownName(remembered()) || `guest-${Math.random().toString(36).slice(2, 6)}`;
  name.value = current;
  remember(current);

  function rename() {
    const wanted = ownName(name.value) || current;
    name.value = wanted;
    if (wanted === current) return;
    current = wanted;
    remember(current);
    renamed(current);
  }

  function reply(item) {
    target = item;
    replying.hidden = !item;
    if (!item) return;
    find('replying-to').replaceChildren('Reply to ', ...senderNodes(item), ' ', element('bdi', '', excerpt(item.text)));
    text.focus();
  }

  function complain(what) {
    fault.hidden = !what;
    fault.textContent = what;
  }

  function submit() {
    const words = text.value;
    if (!words.trim()) return;
    if (new TextEncoder().encode(words).length > LONGEST) return complain(TOO_LONG);
    complain('');
    rename();
    const body = { sender: current, ...seal(words, key) };
    if (target) body.reply_to = target.id;
    if (Number(ttl.value)) body.ttl_ms = Number(ttl.value);
    text.value = '';
    fit();
    reply(null);
    send(body, words);
  }

  // As high as its text, up to where the style sheet stops it.
  function fit() {
    text.style.height = '';
    if (text.scrollHeight > text.clientHeight) text.style.height = `${text.scrollHeight + 2}px`;
  }

  form.addEventListener('submit', (event) => {
    event.preventDefault();
    submit();
  });
  text.addEventListener('input', fit);
  text.addEventListener('keydown', (event) => {
    // An Enter that ends the choice of a character is no Enter.
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    submit();
  });
  form.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape' || !target) return;
    event.preventDefault();
    reply(null);
    text.focus();
  });
  find('unreply').addEventListener('click', () => {
    reply(null);
    text.focus();
  });
  name.addEventListener('change', rename);
  name.addEventListener('keydown', (event) => {
    // Enter in the name's field says the name, it doesn't send.
    if (event.key !== 'Enter') return;
    event.preventDefault();
    rename();
    text.focus();
  });

  return {
    reply,
    get name() {
      return current;
    },
    get target() {
      return target;
    },
    /** Gives a text back that could not be sent. */
    restore(words) {
      text.value = text.value ? `${words}\n${text.value}` : words;
      fit();
      text.focus();
    },
    /** Nothing can be written any more, and why is told elsewhere. */
    close() {
      reply(null);
      for (const field of form.elements) field.disabled = true;
    },
  };
}
