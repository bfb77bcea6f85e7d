/* The app without a network: the last 50 opened leads to read, and notes, calls and ticks that go out when it is back.
   Everything here belongs to one person and goes when somebody signs out or in. */
const MOST = 50, PAGES = 'pages', PARTS = 'parts', ANY = { ignoreVary: true };
const LEAD = /^\/leads\/\d+\/$/, PART = /^\/leads\/\d+\/(thread|suggestions|money)\/$/, FORM = /^\/tasks\/(log|new)\/$/;
const QUEUED = /^\/tasks\/(log|new|\d+\/complete)\/$/;
const LEAVING = /^\/accounts\/logout\//;

/* What is kept: a row for each entry that waits, and whose it all is. */
const base = new Promise((done, fail) => {
  const asked = indexedDB.open('house', 1);
  asked.onupgradeneeded = () => { asked.result.createObjectStore('queue', { keyPath: 'key' }); asked.result.createObjectStore('facts'); };
  asked.onsuccess = () => done(asked.result);
  asked.onerror = () => fail(asked.error);
});
async function store(name, mode, work) {
  const asked = work((await base).transaction(name, mode).objectStore(name));
  return new Promise((done, fail) => { asked.onsuccess = () => done(asked.result); asked.onerror = () => fail(asked.error); });
}
const waiting = async () => (await store('queue', 'readonly', s => s.getAll())).sort((a, b) => a.at - b.at);
const put = entry => store('queue', 'readwrite', s => s.put(entry));
const drop = key => store('queue', 'readwrite', s => s.delete(key));
async function forget() {
  await Promise.all([caches.delete(PAGES), caches.delete(PARTS), store('queue', 'readwrite', s => s.clear()), store('facts', 'readwrite', s => s.clear())]);
  tell();
}
async function belongs(html) {
  const who = html.match(/data-who="(\d+)"/)?.[1], before = await store('facts', 'readonly', s => s.get('who'));
  if (!who || who === before) return Boolean(who);
  if (before) await forget();
  await store('facts', 'readwrite', s => s.put(who, 'who'));
  return true;
}

/* Pages learn what waits, and what the server did not take. */
async function tell(sent = 0) {
  const kept = await waiting();
  const facts = { sent, waiting: kept.filter(one => !one.reason).length, refused: kept.filter(one => one.reason).map(({ key, what, reason }) => ({ key, what, reason })) };
  for (const page of await clients.matchAll()) page.postMessage(facts);
}

/* Reading: the network first. An opened lead is kept with its parts, its styles and the form that logs a call on it. */
async function keep(url, answer) {
  const html = await answer.text();
  if (!await belongs(html)) return;
  const pages = await caches.open(PAGES), headers = { 'Content-Type': 'text/html', 'X-Kept': String(Date.now()) };
  await pages.delete(url.pathname);
  await pages.put(url.pathname, new Response(html, { headers }));
  const shell = await caches.open(PARTS);
  for (const [, path] of html.matchAll(/(?:src|href)="(\/static\/[^"#]+)"/g)) if (!await shell.match(path, ANY)) await shell.add(path).catch(() => {});
  if (!LEAD.test(url.pathname)) return;
  const log = html.match(/href="(\/tasks\/log\/\?lead=\d+)"/)?.[1];
  for (const path of log ? [log, note(log)] : []) if (!await shell.match(path, ANY)) await shell.add(path).catch(() => {});
  const leads = (await pages.keys()).map(one => new URL(one.url).pathname).filter(path => LEAD.test(path));
  for (const path of leads.slice(0, -MOST)) {
    await pages.delete(path);
    for (const one of await shell.keys()) if (one.url.includes(path) || one.url.includes(`lead=${path.split('/')[2]}`)) await shell.delete(one);
  }
}
const note = log => `${log.replace('/log/', '/new/')}&type=note`;
async function read(event, url) {
  const { request } = event, isPage = request.mode === 'navigate', isPart = PART.test(url.pathname);
  try {
    const answer = await fetch(request);
    const plain = answer.ok && !answer.redirected;
    if (plain && isPage && LEAD.test(url.pathname) && !url.search.includes('tab=')) event.waitUntil(keep(url, answer.clone()));
    if (plain && isPart && !isPage) { const copy = answer.clone(); event.waitUntil(caches.open(PARTS).then(parts => parts.put(url.pathname, copy))); }
    if (isPage && plain) event.waitUntil(sync());
    return answer;
  } catch (error) {
    const found = LEAD.test(url.pathname) ? await (await caches.open(PAGES)).match(url.pathname, ANY)
      : await (await caches.open(PARTS)).match(isPart ? url.pathname : url.pathname + url.search, ANY);
    if (!found) { if (isPage) return away(); throw error; }
    const html = await found.text(), answer = { headers: { 'Content-Type': 'text/html; charset=utf-8' } };
    if (!isPage) return new Response(isPart ? html : html.match(/<form id="sheet-form"[^]*?<\/form>/)?.[0] ?? html, answer);
    return new Response(mark(html, found.headers.get('X-Kept')), answer);
  }
}
function mark(html, at) {
  const lang = html.match(/<html lang="([\w-]+)"/)?.[1], moment = new Date(Number(at) || Date.now());
  const time = moment.toLocaleString(lang, { dateStyle: 'medium', timeStyle: 'short' });
  const log = html.match(/href="(\/tasks\/log\/\?lead=\d+)"/)?.[1], word = name => html.match(new RegExp(`data-${name}="([^"]*)"`))?.[1] ?? '';
  const more = log ? ` <a class="lnk" href="${note(log)}" data-sheet>${word('note')}</a>` : '';
  return html.replace(/<body[^>]*>/, body => `${body}<p class="offline" id="offline" data-at role="status"><span>${word('kept-at').replace('{time}', `<time>${time}</time>`)}</span>${more}</p>`);
}
async function away() {
  const pages = await caches.open(PAGES), leads = (await pages.keys()).reverse();
  const last = leads.length ? await (await pages.match(leads[0])).text() : '';
  const word = name => last.match(new RegExp(`data-${name}="([^"]*)"`))?.[1] ?? '';
  let list = '';
  for (const one of leads) {
    const name = (await (await pages.match(one)).text()).match(/<title>([^<]*?) · /)?.[1];
    if (name) list += `<li><a class="ttl" href="${new URL(one.url).pathname}">${name}</a></li>`;
  }
  const head = last.match(/<head>[^]*?<\/head>/)?.[0].replace(/<script[^]*?<\/script>|<meta name="live"[^>]*>/g, '') ?? '<head><title>CRM AutoPilot</title></head>';
  const text = word('away') || 'You are offline.';
  return new Response(`<!DOCTYPE html><html lang="${last.match(/<html lang="([\w-]+)"/)?.[1] ?? 'en'}">${head}<body><main class="body col g4" id="main"><h1>${text}</h1><ul class="list card">${list}</ul></main></body></html>`,
    { status: 503, headers: { 'Content-Type': 'text/html; charset=utf-8' } });
}
async function asset(request) {
  const parts = await caches.open(PARTS), known = await parts.match(request, ANY);
  if (known && /\.[0-9a-f]{12}\./.test(request.url)) return known;
  try {
    const answer = await fetch(request);
    if (known && answer.ok) await parts.put(request, answer.clone());
    return answer;
  } catch (error) {
    if (known) return known;
    throw error;
  }
}

/* Writing: what cannot go out waits, under the key that makes it count once however often it is sent. */
async function write(event, url) {
  const { request } = event, copy = request.clone();
  try {
    return await fetch(request);
  } catch {
    const body = new URLSearchParams(await copy.text());
    if (!body.get('key')) body.set('key', crypto.randomUUID());
    const what = body.get('subject') || body.get('note') || body.get('body') || body.get('outcome') || '';
    await put({ key: body.get('key'), url: url.pathname + url.search, body: body.toString(), what: what.slice(0, 80), at: Date.now() });
    await self.registration.sync?.register('kept').catch(() => {});
    await tell();
    if (request.headers.get('HX-Request')) return new Response(null, { status: 204 });
    const back = url.searchParams.get('lead');
    return Response.redirect(back ? `/leads/${back}/` : request.referrer || '/', 303);
  }
}
let busy = null;
const sync = () => (busy ??= send().finally(() => { busy = null; }));
async function send() {
  let sent = 0;
  for (const entry of await waiting()) {
    if (entry.reason) continue;
    const body = new URLSearchParams(entry.body), form = await fetch(entry.url.includes('/complete/') ? '/tasks/' : entry.url).catch(() => null);
    if (!form) break;
    const html = await form.text(), token = html.match(/name="csrfmiddlewaretoken" value="(\w+)"/)?.[1];
    if (form.redirected || !await belongs(html)) break;
    if (token) body.set('csrfmiddlewaretoken', token);
    const answer = await fetch(entry.url, { method: 'POST', body, headers: { 'HX-Request': 'true' } }).catch(() => null);
    if (!answer || answer.status >= 500) break;
    if (answer.ok) { await drop(entry.key); sent += 1; } else {
      const said = (await answer.text()).match(/role="alert"[^>]*>(?:<[^>]*>)*([^<]+)/)?.[1];
      await put({ ...entry, reason: (said ?? '').trim() || String(answer.status) });
    }
  }
  await tell(sent);
}

addEventListener('install', () => skipWaiting());
addEventListener('activate', event => event.waitUntil(clients.claim()));
addEventListener('sync', event => event.waitUntil(sync()));
addEventListener('message', event => {
  const { retry, away: thrown } = event.data ?? {};
  event.waitUntil((async () => {
    if (thrown) await drop(thrown);
    if (retry) { const one = (await waiting()).find(entry => entry.key === retry); if (one) await put({ ...one, reason: '' }); }
    await sync();
  })());
});
addEventListener('fetch', event => {
  const { request } = event, url = new URL(request.url);
  if (url.origin !== location.origin) return;
  if (request.method === 'POST') {
    if (LEAVING.test(url.pathname)) event.waitUntil(forget());
    else if (QUEUED.test(url.pathname)) event.respondWith(write(event, url));
  } else if (request.method === 'GET') {
    if (url.pathname.startsWith('/static/')) event.respondWith(asset(request));
    else if (request.mode === 'navigate' || PART.test(url.pathname) || FORM.test(url.pathname)) event.respondWith(read(event, url));
  }
});
