// Three ways to hear a room. Each settles once its connection is over; what keeps them going is room-line.js.
'use strict';

const BEAT = 15_000;
const WAIT_SECONDS = 25;

/** A refusal, with the seconds the server asked to wait. */
function refusal(response) {
  const seconds = Number(response.headers.get('Retry-After'));
  return Object.assign(new Error(`${response.status}`), { status: response.status, seconds });
}

/** The room over a WebSocket. `port.say` sends while it is open. */
function ws({ base, after, name, signal, port, deliver }) {
  return new Promise((resolve) => {
    const url = new URL(`${base}/ws?after=${after}`, location.href);
    url.protocol = url.protocol.replace('http', 'ws');
    const socket = new WebSocket(url);
    port.say = (frame) => socket.readyState === WebSocket.OPEN && socket.send(JSON.stringify(frame));
    // Nobody hears this one, but it keeps the name fresh and finds a broken way out.
    const beat = setInterval(() => port.say({ type: 'listening' }), BEAT);
    const end = () => {
      clearInterval(beat);
      socket.onmessage = socket.onclose = null;
      socket.close();
      resolve();
    };
    socket.onopen = () => port.say({ type: 'hello', name: name() });
    socket.onmessage = ({ data }) => deliver(data);
    socket.onclose = end;
    // Closing waits for the other side, which may be gone; this doesn't.
    signal.addEventListener('abort', end);
  });
}

/** The room as server-sent events. Not by EventSource: it hides keepalives and the reason of a refusal. */
async function sse({ base, after, name, signal, deliver }) {
  const query = new URLSearchParams({ after, name: name() });
  const response = await fetch(`${base}/events?${query}`, { signal, headers: { Accept: 'text/event-stream' } });
  if (!response.ok) throw refusal(response);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    // Keepalives are comments: nothing to read in them, but a sign of life.
    deliver('');
    const lines = (rest + value).split('\n');
    rest = lines.pop();
    for (const line of lines) if (line.startsWith('data:')) deliver(line.slice(5));
  }
}

/** The room by asking for the next messages again and again. */
async function poll({ base, after, name, signal, deliver }) {
  const ask = async (path, options = {}) => {
    const control = new AbortController();
    let timer;
    const expect = () => {
      clearTimeout(timer);
      timer = setTimeout(() => control.abort(), (WAIT_SECONDS + 10) * 1000);
    };
    expect();
    try {
      const response = await fetch(base + path, { ...options, signal: AbortSignal.any([signal, control.signal]) });
      if (!response.ok) throw refusal(response);
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      for (let text = ''; ; ) {
        const { value, done } = await reader.read();
        if (done) return JSON.parse(text);
        text += value;
        // A large page on a slow line takes its time.
        expect();
        deliver('');
      }
    } finally {
      clearTimeout(timer);
    }
  };
  let isThere = false;
  const appear = async () => {
    // A room that nobody has opened yet has no list to be on.
    if (!isThere) return;
    const headers = { 'Content-Type': 'application/json' };
    await ask('/listening', { method: 'POST', headers, body: JSON.stringify({ name: name() }) });
    const { participants } = await ask('/status');
    deliver({ type: 'presence', size: participants, participants: null });
  };
  const beat = setInterval(() => appear().catch(() => {}), BEAT);
  try {
    for (let isReady = false; ; ) {
      const page = await ask(`/wait?after=${after}&timeout=${isReady ? WAIT_SECONDS : 0}`);
      for (const message of page.messages) deliver({ type: 'message', ...message });
      after = Math.max(after, page.last_seq);
      const wasThere = isThere;
      isThere = page.exists !== false;
      // A replay may take more than one page.
      if (!isReady && !page.has_more) deliver({ type: 'ready', last_seq: after });
      isReady ||= !page.has_more;
      if (isThere && !wasThere) appear().catch(() => {});
      if (!isThere) await new Promise((resolve) => setTimeout(resolve, 1_500));
      signal.throwIfAborted();
    }
  } finally {
    clearInterval(beat);
  }
}

/** From the best to the one that always works. */
export const TRANSPORTS = { ws, sse, poll };
