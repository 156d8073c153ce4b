// What stands beside the conversation: the link, the fingerprint, and history on this device.
'use strict';

const COPIED = 'Copied. The link is the key: whoever has it reads everything here and can write.';
const NOT_COPIED = 'Copying is not allowed here. The link stands under Details.';
const FORGOTTEN = 'Deleted. Nothing of this room is kept any more.';

/** Puts a text on the clipboard; true when it is there. */
async function copy(text, field) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // On plain http there is no such thing; the old way needs a selection.
    field.select();
    return document.execCommand('copy');
  }
}

/** - keep(): writes what is here into the history that was just turned on. */
export function makeSide({ find, history, fingerprint, notify, keep }) {
  const [side, details, toggle, said, link] = ['side', 'details', 'history', 'history-said', 'link'].map(find);

  find('fingerprint').textContent = fingerprint;
  link.value = location.href;
  link.addEventListener('focus', () => link.select());

  details.addEventListener('click', () => {
    const isOpen = details.ariaExpanded !== 'true';
    details.ariaExpanded = String(isOpen);
    side.classList.toggle('side-open', isOpen);
    if (isOpen) side.scrollIntoView({ block: 'nearest' });
  });

  find('copy').addEventListener('click', async () => {
    const isCopied = await copy(location.href, link);
    notify('copied', isCopied ? COPIED : NOT_COPIED, 'caution', true);
  });

  async function attempt(work, words) {
    try {
      await work();
      said.textContent = words;
    } catch {
      said.textContent = 'This browser doesn’t let the page keep or delete anything now.';
    }
    toggle.checked = history.isOn;
  }

  toggle.addEventListener('change', () => {
    if (!toggle.checked) return attempt(() => history.forget(), FORGOTTEN);
    return attempt(async () => {
      await history.turnOn();
      keep();
    }, 'From now on this room is kept in this browser, encrypted.');
  });
  find('forget').addEventListener('click', () => attempt(() => history.forget(), FORGOTTEN));
  find('forget-all').addEventListener('click', () => attempt(() => history.forgetAll(), 'Deleted, for all rooms.'));

  return { showHistory: () => (toggle.checked = history.isOn) };
}
