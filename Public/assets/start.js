// The front page's button and form. A room's id and key are made here, in the browser, and go nowhere: what stands
// after the # of an address isn't sent.

const $ = (id) => document.getElementById(id);

function token(length) {
  const bytes = crypto.getRandomValues(new Uint8Array(length));
  return btoa(String.fromCharCode(...bytes)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/** The address of the room that a link leads to; throws what is wrong with it, in words for the visitor. */
function destination(text) {
  let link;
  try {
    link = new URL(text.trim(), location.origin);
  } catch {
    throw new Error('This isn’t a link.');
  }
  if (!['https:', 'http:'].includes(link.protocol)) throw new Error('A room’s link begins with https:// or http://.');
  // A page of another server would get the key; that is for visitors to decide, by their own hand.
  if (link.host !== location.host) {
    throw new Error(`This link leads to another server, ${link.host}. If you trust it, open it from the address bar.`);
  }
  if (!/^\/room\/[A-Za-z0-9_-]{4,64}\/?$/i.test(link.pathname)) throw new Error('This isn’t a room’s link: it needs /room/ and the room’s id.');
  // A plus sign is base64's own here, and no space.
  const key = new URLSearchParams(link.hash.slice(1).replaceAll('+', '%2B')).get('k');
  if (!key) throw new Error('The key is missing: a whole link ends in #k= and the key.');
  if (keyLength(key) !== 32) throw new Error('The key is damaged: copy the whole link again.');
  // Without a query: that would be sent.
  return link.pathname + link.hash;
}

function keyLength(key) {
  try {
    return atob(key.replaceAll('-', '+').replaceAll('_', '/').replace(/=+$/, '')).length;
  } catch {
    return 0;
  }
}

function complain(text) {
  $('join-error').textContent = text;
  $('join-error').hidden = !text;
  const field = $('join-link');
  if (text) {
    field.setAttribute('aria-invalid', 'true');
    field.setAttribute('aria-describedby', 'join-error');
    field.focus();
  } else {
    field.removeAttribute('aria-invalid');
    field.removeAttribute('aria-describedby');
  }
}

$('start-room').addEventListener('click', () => location.assign(`/room/${token(16)}#k=${token(32)}`));
$('join').addEventListener('submit', (event) => {
  event.preventDefault();
  let address;
  try {
    address = destination($('join-link').value);
  } catch (problem) {
    complain(problem.message);
    return;
  }
  complain('');
  location.assign(address);
});
$('join-link').addEventListener('input', () => complain(''));
$('start').hidden = false;
$('join').hidden = false;
