// The list of messages, in chunks. Only chunks near the view have rows in the document; the others are empty and as
// high as they were, so that ten thousand messages cost no more than fifty.
'use strict';

const CHUNK = 50;
// More is dropped from the top.
const CHUNKS = 400;
const ROW_HEIGHT = 64;
const NEAR = 48;

/**
 * - scroller: the element that scrolls; holder: the one in it for the chunks.
 * - draw(item): a row.
 * - moved(isAtEnd): the reader went to the end or away from it.
 * - dropped(items): they are too old to be kept.
 */
export function makeLog({ scroller, holder, draw, moved, dropped }) {
  const chunks = [];
  const byNode = new Map();
  let isAtEnd = true;

  const watcher = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting, boundingClientRect } of entries) {
        const chunk = byNode.get(target);
        if (!chunk) continue;
        if (isIntersecting) fill(chunk);
        else empty(chunk, boundingClientRect.height);
      }
      settle();
    },
    { root: scroller, rootMargin: '1000px 0px' },
  );

  function newChunk() {
    const node = document.createElement('ol');
    node.className = 'chunk';
    const chunk = { node, items: [], rows: null };
    chunks.push(chunk);
    byNode.set(node, chunk);
    holder.append(node);
    watcher.observe(node);
    while (chunks.length > CHUNKS) {
      const [oldest] = chunks;
      discard(oldest);
      dropped(oldest.items);
    }
    return chunk;
  }

  function discard(chunk) {
    watcher.unobserve(chunk.node);
    byNode.delete(chunk.node);
    chunks.splice(chunks.indexOf(chunk), 1);
    chunk.node.remove();
  }

  function fill(chunk) {
    if (chunk.rows) return;
    chunk.rows = new Map(chunk.items.map((item) => [item, draw(item)]));
    chunk.node.style.height = '';
    chunk.node.replaceChildren(...chunk.rows.values());
  }

  function empty(chunk, height) {
    // Neither focus nor a selection may vanish under the reader.
    if (!chunk.rows || chunk.node.contains(document.activeElement)) return;
    const selection = getSelection();
    if (selection.rangeCount && !selection.isCollapsed && selection.getRangeAt(0).intersectsNode(chunk.node)) return;
    chunk.rows = null;
    chunk.node.style.height = `${height}px`;
    chunk.node.replaceChildren();
  }

  function settle() {
    if (isAtEnd) scroller.scrollTop = scroller.scrollHeight;
  }

  function atEnd() {
    return scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < NEAR;
  }

  scroller.addEventListener('scroll', () => {
    const was = isAtEnd;
    isAtEnd = atEnd();
    if (was !== isAtEnd) moved(isAtEnd);
  }, { passive: true });
  new ResizeObserver(settle).observe(scroller);

  return {
    get isAtEnd() {
      return isAtEnd;
    },
    settle,
    append(items) {
      const touched = new Set();
      for (const item of items) {
        let chunk = chunks.at(-1);
        if (!chunk || chunk.items.length >= CHUNK) chunk = newChunk();
        chunk.items.push(item);
        item.chunk = chunk;
        touched.add(chunk);
        if (chunk.rows) {
          const row = draw(item);
          chunk.rows.set(item, row);
          chunk.node.append(row);
        }
      }
      // What is going to be seen is drawn now, the rest when somebody comes near.
      const last = isAtEnd ? chunks.slice(-2) : [];
      for (const chunk of touched) {
        if (last.includes(chunk)) fill(chunk);
        else if (!chunk.rows) chunk.node.style.height = `${chunk.items.length * ROW_HEIGHT}px`;
      }
      settle();
    },
    remove(item) {
      const { chunk } = item;
      if (!byNode.has(chunk.node)) return;
      chunk.items.splice(chunk.items.indexOf(item), 1);
      chunk.rows?.get(item)?.remove();
      chunk.rows?.delete(item);
      if (!chunk.items.length) discard(chunk);
    },
    redraw(item) {
      const old = item.chunk.rows?.get(item);
      if (!old) return;
      const row = draw(item);
      item.chunk.rows.set(item, row);
      old.replaceWith(row);
      settle();
    },
    /** The one behind, or undefined. */
    after(item) {
      const at = item.chunk.items.indexOf(item);
      return item.chunk.items[at + 1] ?? chunks[chunks.indexOf(item.chunk) + 1]?.items[0];
    },
    get last() {
      return chunks.at(-1)?.items.at(-1);
    },
    get first() {
      return chunks[0]?.items[0];
    },
    /** The message of a row. */
    itemOf(row) {
      const { rows } = byNode.get(row?.parentNode) ?? {};
      for (const [item, node] of rows ?? []) if (node === row) return item;
      return undefined;
    },
    /** Brings a message into view and gives its row focus. */
    reveal(item) {
      isAtEnd = false;
      fill(item.chunk);
      const row = item.chunk.rows.get(item);
      row.scrollIntoView({ block: 'center' });
      row.focus({ preventScroll: true });
      moved((isAtEnd = atEnd()));
      return row;
    },
    toEnd() {
      isAtEnd = true;
      settle();
      moved(true);
    },
  };
}
