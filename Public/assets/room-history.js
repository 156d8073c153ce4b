// What a visitor chose to keep in this browser: envelopes as they came, sealed, and never the key.
'use strict';

const NAME = 'signalbox-rooms';
// As many as the page shows.
const MOST = 20_000;
const PAUSE = 250;

const settled = (request) =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

const finished = (transaction) =>
  new Promise((resolve, reject) => {
    transaction.oncomplete = resolve;
    transaction.onerror = transaction.onabort = () => reject(transaction.error);
  });

/** Whether anything is kept at all. Looking must not be what makes the database. */
async function isThere() {
  if (!window.indexedDB) return false;
  if (!indexedDB.databases) return true;
  return (await indexedDB.databases()).some(({ name }) => name === NAME);
}

function openDatabase() {
  const request = indexedDB.open(NAME, 1);
  request.onupgradeneeded = () => {
    request.result.createObjectStore('messages', { keyPath: ['room', 'seq'] });
    request.result.createObjectStore('rooms', { keyPath: 'room' });
  };
  return settled(request).then((database) => {
    // Another page may delete it all.
    database.onversionchange = () => database.close();
    return database;
  });
}

/** - stopped(): another page has deleted what was kept, and nothing is kept here any more either. */
export function makeHistory(room, stopped) {
  const mine = () => IDBKeyRange.bound([room, 0], [room, Number.MAX_SAFE_INTEGER]);
  let isOn = false;
  let due = []; // changes not written yet
  let timer = 0;

  async function change(work) {
    const database = await openDatabase();
    try {
      const transaction = database.transaction(['messages', 'rooms'], 'readwrite');
      const result = work(transaction.objectStore('messages'), transaction.objectStore('rooms'));
      await finished(transaction);
      return result?.result;
    } finally {
      database.close();
    }
  }

  function plan(step) {
    if (!isOn) return;
    due.push(step);
    timer ||= setTimeout(flush, PAUSE);
  }

  async function flush() {
    clearTimeout(timer);
    timer = 0;
    const steps = due;
    due = [];
    if (!steps.length || !isOn) return;
    try {
      const isWanted = (await isThere()) && (await change((messages, rooms) => {
        const asked = rooms.get(room);
        asked.addEventListener('success', () => asked.result && steps.forEach((step) => step(messages)));
        return asked;
      }));
      if (isWanted) return;
      isOn = false;
      stopped();
    } catch {
      // What comes later must not be kept without it: it would never be asked for again.
      due = [...steps, ...due];
      if (due.length < MOST) return;
      isOn = false;
      due = [];
      stopped();
    }
  }

  addEventListener('pagehide', flush);

  return {
    get isOn() {
      return isOn;
    },
    /** What is kept of this room, oldest first; turns keeping on when it was on before. */
    async load() {
      if (!(await isThere())) return [];
      isOn = Boolean(await change((_, rooms) => rooms.get(room)));
      if (!isOn) return [];
      const rows = await change((messages) => messages.getAll(mine()));
      const old = rows.splice(0, Math.max(0, rows.length - MOST)).at(-1);
      if (old) await change((messages) => messages.delete(IDBKeyRange.bound([room, 0], [room, old.seq])));
      return rows.map(({ envelope }) => envelope);
    },
    async turnOn() {
      await change((_, rooms) => rooms.put({ room }));
      isOn = true;
    },
    add(envelope) {
      plan((messages) => messages.put({ room, seq: envelope.seq, envelope }));
    },
    remove(seq) {
      plan((messages) => messages.delete([room, seq]));
    },
    /** Stops keeping, and deletes what was kept of this room. */
    async forget() {
      isOn = false;
      due = [];
      if (!(await isThere())) return;
      const left = await change((messages, rooms) => {
        messages.delete(mine());
        rooms.delete(room);
        return rooms.count();
      });
      if (!left) await settled(indexedDB.deleteDatabase(NAME));
    },
    async forgetAll() {
      isOn = false;
      due = [];
      if (await isThere()) await settled(indexedDB.deleteDatabase(NAME));
    },
  };
}
