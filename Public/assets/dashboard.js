// Makes the dashboard move. The server draws everything; this script asks for parts anew when the stream says
// so, and adds readouts, zoom, and choices without a reload.
'use strict';

(() => {
const main = document.querySelector('main[data-stream]');
document.documentElement.classList.add('scripted');
const $ = (id) => document.getElementById(id);
const on = (type, handler, target = document) => target.addEventListener(type, handler);
const clamp = (low, value, high) => Math.max(low, Math.min(value, high));
// Three pauses of the stream.
const SILENCE = 15_000;

// Asking for parts: one request at a time, and the newest wish wins

let flight; // the request under way, an AbortController
let wanted = null; // a chosen address that isn't shown yet
let due = ''; // the part that the stream asked for meanwhile
let shown = location.search;

/** Shows a part anew, or all of an address that is wanted. Tells whether it did. */
async function pull(part) {
  flight?.abort();
  const mine = (flight = new AbortController());
  const aim = wanted;
  try {
    const html = await ask(aim ?? location.href, aim ? 'all' : part, mine.signal);
    if (flight !== mine) return false;
    show(html);
    if (aim && aim !== location.href) history.pushState(null, '', aim);
    [shown, wanted] = [location.search, null];
    return true;
  } catch (error) {
    if (flight !== mine) return false;
    // While the server is away, what is shown stays, and the choice is kept until it is back.
    if (!aim || !error.answered) throw error;
    // The browser says best what is wrong.
    if (aim === location.href) location.reload();
    else location.assign(aim);
    return false;
  } finally {
    if (flight === mine) {
      flight = undefined;
      main.ariaBusy = null;
      if (due) tick(due);
    }
  }
}

async function ask(address, part, signal) {
  const url = new URL(address);
  url.searchParams.set('part', part);
  const response = await fetch(url, { signal: AbortSignal.any([signal, AbortSignal.timeout(SILENCE)]) });
  if ([401, 403].includes(response.status)) await leave();
  if (!response.ok) throw Object.assign(new Error(response.statusText), { answered: true });
  return response.text();
}

/** The session is over: a reload leads to the login page. */
function leave() {
  const [entry] = performance.getEntriesByType('navigation');
  // But only once, if the parts alone are refused.
  if (entry?.type === 'reload' && performance.now() < 4 * SILENCE) return;
  stop();
  location.reload();
  return new Promise(() => {});
}

function go(address) {
  wanted = new URL(address, location.href).href;
  anchor = null;
  main.ariaBusy = 'true';
  pull('all').catch(lost);
}

/** The stream's word that there is something new. */
function tick(part) {
  tries = 0;
  if (flight) return void (due = due === 'all' ? due : part);
  due = '';
  pull(part).then((isShown) => isShown && source && alive(), lost);
}

// Showing them: only what differs is touched, so focus, selection and scrolling stay

function show(html) {
  const page = new DOMParser().parseFromString(html, 'text/html');
  const parts = page.querySelectorAll('[data-live][id]');
  if (!parts.length) throw new Error('not a part of the dashboard');
  if (page.title) document.title = page.title;
  for (const part of parts) if ($(part.id)) morph($(part.id), part);
  draw();
}

function morph(old, next) {
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.data !== next.data) old.data = next.data;
    return;
  }
  // Readouts are this script's; whether a table is open is the visitor's.
  if (old.matches('.readout')) return;
  for (const { name } of [...old.attributes]) {
    if (name !== 'open' && !next.hasAttribute(name)) old.removeAttribute(name);
  }
  for (const { name, value } of next.attributes) {
    if (name === 'open' || old.getAttribute(name) === value) continue;
    old.setAttribute(name, value);
    // After a visitor's own pick the attribute alone does nothing.
    if (name === 'selected') old.selected = true;
  }
  const rest = [...old.childNodes].filter((node) => !node.dataset?.own);
  for (const node of [...next.childNodes]) {
    const place = rest.findIndex(({ nodeName, id }) => nodeName === node.nodeName && id === node.id);
    if (place < 0 || (place > 0 && node.nodeType !== Node.ELEMENT_NODE)) {
      old.insertBefore(node, rest[0] ?? null);
    } else {
      // What was passed over is gone.
      for (const gone of rest.splice(0, place)) gone.remove();
      morph(rest.shift(), node);
    }
  }
  for (const node of rest) node.remove();
}

// The stream, and what is said of it

let source; // an EventSource
let timer = 0; // until the silence is too long, or until the next try
let tries = 0;
let isFresh = true; // what is shown was drawn a moment ago

function note(state, text) {
  const live = $('live');
  live.hidden = false;
  live.dataset.state = state;
  if (live.textContent !== text) live.textContent = text;
}

function stop() {
  clearTimeout(timer);
  source = source?.close();
}

/** Asks anew, which tells whether one is still admitted; then listens. */
function connect() {
  stop();
  timer = setTimeout(lost, SILENCE);
  if ($('live').dataset.state !== 'stale') note('connecting', 'Connecting…');
  if (isFresh) listen(true);
  else pull('all').then(listen, lost);
}

function listen(isShown) {
  isFresh = isShown;
  if (source || document.hidden) return;
  source = new EventSource(main.dataset.stream);
  source.onopen = alive;
  source.onerror = lost;
  // The first word comes at once and says nothing new.
  on('now', () => (isFresh ? (isFresh = false) : tick('now')), source);
  on('sample', () => tick('all'), source);
  on('end', connect, source);
}

function alive() {
  clearTimeout(timer);
  timer = setTimeout(lost, SILENCE);
  delete document.body.dataset.stale;
  note('live', 'Live');
}

function lost() {
  // An EventSource may give up for good, or hang.
  stop();
  isFresh = false;
  note('stale', `Stale since ${/\d\d:\d\d:\d\d/.exec($('updated').textContent)}`);
  document.body.dataset.stale = 'true';
  // Not all open pages at once.
  timer = setTimeout(connect, Math.min(SILENCE, 1000 * 2 ** tries++) * (0.5 + Math.random() / 2));
}

function pause() {
  stop();
  isFresh = false;
  due = '';
  flight = flight?.abort();
  note('paused', 'Paused');
}

// Readouts: of a chart the nearest row of its table, of the map a country

let point = null; // what is read: {frame, t} of a chart, {frame, code} of the map
let anchor = null; // where a selection begins; it ends at point.t
let speech = 0;

/** The rows of the table beside a frame, in the order of the arrow keys. */
function stops(frame) {
  const rows = [...frame.closest('[data-live]').querySelectorAll('tr[data-t], tr[data-code]')];
  return rows.map((row) => ({ row, t: +row.dataset.t, code: row.dataset.code })).sort((a, b) => a.t - b.t);
}

function indexIn(list, { code, t }) {
  const distance = (stop) => (code ? stop.code !== code : Math.abs(stop.t - t));
  return list.reduce((best, stop, i) => (distance(stop) < distance(list[best]) ? i : best), 0);
}

/** Times of a chart, and pixels from its frame's edge. */
function scale(frame) {
  const svg = frame.querySelector('[data-from]');
  const [from, to, bucket] = ['from', 'to', 'bucket'].map((name) => +svg.dataset[name]);
  const box = svg.getBoundingClientRect();
  const left = box.left - frame.getBoundingClientRect().left;
  const span = (to - from) / box.width;
  const time = (x) => clamp(from, from + (x - box.left) * span, to);
  const x = (t) => left + (t - from) / span;
  return { from, to, bucket, time, x };
}

function read(next, start = null) {
  [point, anchor] = [next, start];
  draw();
}

function draw() {
  for (const element of main.querySelectorAll('.readout, [data-own]')) element.hidden = true;
  for (const shape of main.querySelectorAll('.c-on')) shape.classList.remove('c-on');
  if (!point?.frame.isConnected) point = null;
  else if (point.code) drawCountry(point);
  else drawTime(point);
}

function drawTime({ frame, t }) {
  const { from, to, x } = scale(frame);
  const list = stops(frame);
  const found = list[indexIn(list, { t })];
  // Another range may be shown by now.
  if (t < from || t > to || !found) return;
  if (anchor !== null) rule(frame, 'band', x(Math.min(anchor, t)), Math.abs(x(t) - x(anchor)));
  rule(frame, 'cursor', x(found.t), 1);
  const headings = found.row.closest('table').tHead.rows[0].cells;
  const lines = [...found.row.cells].map((cell, i) => (i ? `${headings[i].textContent} ` : '') + cell.textContent);
  write(frame, x(found.t), lines);
}

/** A line or band across a chart, an element of this script's. */
function rule(frame, name, left, width) {
  const element = frame.querySelector(`.${name}`) ?? frame.appendChild(document.createElement('div'));
  element.className = element.dataset.own = name;
  element.hidden = false;
  Object.assign(element.style, { left: `${left}px`, width: `${width}px` });
}

function drawCountry({ frame, code }) {
  const shape = $(`c-${code}`);
  if (!shape) return;
  shape.classList.add('c-on');
  const box = shape.getBoundingClientRect();
  const x = box.left + box.width / 2 - frame.getBoundingClientRect().left;
  write(frame, x, [shape.textContent.split(':')[0], shape.dataset.n]);
}

function write(frame, x, lines) {
  const output = frame.querySelector('.readout');
  output.hidden = false;
  if (output.textContent !== lines.join('')) {
    const element = (textContent, i) => Object.assign(document.createElement(i ? 'span' : 'strong'), { textContent });
    output.replaceChildren(...lines.map(element));
    // Read out where it comes to rest, not at each point on the way.
    output.ariaLive = 'off';
    clearTimeout(speech);
    speech = setTimeout(() => {
      output.ariaLive = 'polite';
      output.append(...output.childNodes);
    }, 300);
  }
  const [width, room] = [output.offsetWidth, frame.clientWidth];
  output.style.left = `${clamp(0, x > room / 2 ? x - width - 10 : x + 10, room - width)}px`;
}

// The pointer: hovering reads, dragging zooms

const FRAMES = '[data-chart], [data-map]';
let drag = null; // where the button went down

function readAt({ clientX, target }, frame, start) {
  const t = frame.matches('[data-chart]') && scale(frame).time(clientX);
  const code = target.closest('.c')?.id.slice(2);
  read(t || code ? { frame, t, code, isHover: true } : null, start);
}

function leaveAt({ pointerType }) {
  // A finger that was lifted leaves its readout behind.
  if (point?.isHover && pointerType !== 'touch') read(null);
}

on('pointerdown', (event) => {
  const frame = event.target.closest(FRAMES);
  if (!frame) return read(null);
  if (!event.isPrimary || event.button) return;
  readAt(event, frame, null);
  if (point?.t) drag = { frame, x: event.clientX, t: point.t };
});
on('pointermove', (event) => {
  const frame = drag?.frame ?? event.target.closest(FRAMES);
  if (!frame) return leaveAt(event);
  const isSelecting = drag && (anchor !== null || Math.abs(event.clientX - drag.x) >= 8);
  if (isSelecting) frame.setPointerCapture(event.pointerId);
  readAt(event, frame, isSelecting ? drag.t : null);
});
on('pointerup', () => {
  if (drag && anchor !== null) zoom(drag.frame, anchor, point.t);
  drag = null;
});
on('pointercancel', () => {
  // The finger scrolls.
  drag = null;
  read(null);
});
on('pointerleave', leaveAt, document.documentElement);
on('dblclick', ({ target }) => target.closest('[data-chart]') && goWithin());
on('resize', draw, window);

/** Shows the time between two others in whole buckets. */
function zoom(frame, a, b) {
  const { to, bucket } = scale(frame);
  const from = Math.floor(Math.min(a, b) / bucket) * bucket;
  const end = Math.min(Math.max(a, b), Math.max(to, Date.now()));
  goWithin(from, Math.max(from + bucket, Math.ceil(end / bucket) * bucket));
}

/** Shows a window, or all of the range. */
function goWithin(from, to) {
  const url = new URL(location.href);
  for (const [name, time] of Object.entries({ from, to })) {
    if (time) url.searchParams.set(name, time);
    else url.searchParams.delete(name);
  }
  go(url);
}

// Keys on a frame that has the focus

const STEPS = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -1, ArrowDown: 1, Home: -Infinity, End: Infinity };

function step(frame, key, isSelecting) {
  const list = stops(frame);
  if (!list.length) return;
  // A chart is read from its newest point on, the map from the first country.
  const index = point?.frame === frame ? indexIn(list, point) : frame.matches('[data-map]') ? -1 : list.length;
  const { t, code } = list[clamp(0, index + STEPS[key], list.length - 1)];
  read({ frame, t, code }, isSelecting ? (anchor ?? list[index]?.t) : null);
}

/** Zooms; tells whether the key is for that. */
function press(frame, key) {
  const { from, to } = scale(frame);
  const t = point?.frame === frame ? point.t : (from + to) / 2;
  const reach = { '+': 0.25, '=': 0.25, '-': 1 }[key] * (to - from);
  if (key === 'Enter' && anchor !== null) zoom(frame, Math.min(anchor, t), Math.max(anchor, t) + 1);
  else if (reach) zoom(frame, t - reach, t + reach);
  return reach || key === 'Enter';
}

on('keydown', (event) => {
  const { key, target: frame } = event;
  if (key === 'Escape') {
    drag = null;
    read(anchor === null ? null : point);
  }
  if (event.ctrlKey || event.metaKey || event.altKey || !frame.matches(FRAMES)) return;
  const isMap = frame.matches('[data-map]');
  // On a chart, up and down scroll the page.
  if (key in STEPS && (isMap || !/Up|Down/.test(key))) step(frame, key, event.shiftKey && !isMap);
  else if (isMap || !press(frame, key)) return;
  event.preventDefault();
});
on('focusout', ({ target }) => target === point?.frame && !point.isHover && read(null));

// Choices without a reload, and the beginning

on('click', (event) => {
  const link = event.target.closest('nav.choices a, a[data-soft]');
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  go(link.href);
});
on('change', ({ target }) => {
  const form = target.closest('form.pick');
  if (form) go(`${form.action}?${new URLSearchParams(new FormData(form))}`);
});
on('popstate', () => location.search !== shown && go(location.href), window);

const turn = () => (document.hidden ? pause() : connect());
on('visibilitychange', turn);
on('pagehide', pause, window);
on('pageshow', ({ persisted }) => persisted && turn(), window);
turn();
})();
