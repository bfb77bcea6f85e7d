/* CRM AutoPilot: the little script the pages need beyond HTMX. Everything here also works
   without it: menus and drawers are popovers, forms post, sheets are pages, stages move by a form. */
const $ = (s, r = document) => r.querySelector(s);
const $$ = (s, r = document) => [...r.querySelectorAll(s)];

/* Toasts: one at a time, what happened in words; they wait while hovered or focused. */
function leaveLater(el) {
  const ms = $('form', el) ? 8000 : 5000;
  let timer;
  const leave = () => { clearTimeout(timer); timer = setTimeout(() => (el.matches(':hover, :focus-within') ? leave() : el.remove()), ms); };
  el.addEventListener('mouseleave', leave);
  el.addEventListener('focusout', leave);
  leave();
}
/* Words of the script itself stand on the page, in the reader's language. */
const word = key => $('#toasts')?.dataset[key];
function toast(text, undo) {
  const box = $('#toasts');
  if (!box || !text) return;
  const el = document.createElement('div');
  el.className = 'toast';
  el.textContent = text;
  if (undo) {
    const form = el.appendChild(document.createElement('form'));
    form.setAttribute('hx-post', undo[0]);
    form.setAttribute('hx-swap', 'none');
    for (const [name, value] of Object.entries(undo[1])) form.append(Object.assign(document.createElement('input'), { type: 'hidden', name, value }));
    form.appendChild(document.createElement('button')).textContent = word('undo');
    htmx.process(form);
  }
  box.replaceChildren(el);
  leaveLater(el);
}
addEventListener('toast', e => toast(e.detail?.text ?? e.detail?.value, e.detail?.undo));
$$('#toasts .toast').forEach(el => leaveLater(el));

/* Theme: system, light, dark; remembered in a cookie so the server can render it. */
const themes = ['system', 'light', 'dark'];
function theme(next) {
  const root = document.documentElement;
  if (next === 'system') delete root.dataset.theme; else root.dataset.theme = next;
  document.cookie = `theme=${next};path=/;max-age=31536000;samesite=lax`;
  $$('[data-theme-name]').forEach(e => { e.textContent = e.dataset[next]; });
}

/* Lists: j and k move, x selects. */
function step(dir) {
  const rows = $$('#rows tr, .tbl tbody tr, #threads a');
  if (!rows.length) return;
  const at = rows.findIndex(r => r.classList.contains('cur') || r.matches('[aria-current]'));
  const to = Math.min(rows.length - 1, Math.max(0, at + dir));
  rows.forEach((r, i) => { r.classList.toggle('cur', i === to); if (r.matches('a')) r.toggleAttribute('aria-current', i === to); });
  (rows[to].matches('a') ? rows[to] : $('a', rows[to]))?.focus();
}

/* Sheets: a link to a form opens it in a dialog; the same address is a page of its own. */
function sheet(href) {
  const d = $('#sheet');
  if (!d || !window.htmx) return false;
  $$('dialog[open]').forEach(other => other.close());
  htmx.ajax('GET', href, { target: '#sheet-form', swap: 'outerHTML' }).then(() => { if (!d.open && $('form', d)) d.showModal(); });
  return true;
}

/* The palette's script comes when it is first asked for, opens it and answers from then on. */
function palette() {
  const script = $('#palette')?.dataset.script;
  if (!script || !window.htmx) return false;
  if (!$(`script[src="${script}"]`)) document.head.append(Object.assign(document.createElement('script'), { src: script }));
  return true;
}
if (!/Mac|iP(hone|ad)/.test(navigator.platform)) $$('[data-palette] kbd').forEach(k => { k.textContent = 'Ctrl K'; });

addEventListener('click', e => {
  const t = e.target.closest?.('button, a');
  if (!t || e.defaultPrevented) return;
  const plain = !(e.metaKey || e.ctrlKey || e.shiftKey || e.button);
  if (t.matches('[data-new]') && plain && $('#new')) { e.preventDefault(); $('#new').showModal(); }
  if (t.matches('[data-sheet]') && plain && sheet(t.href)) { e.preventDefault(); t.closest('[popover]')?.hidePopover?.(); }
  if (t.matches('[data-close]')) { const d = t.closest('dialog'); if (d) { e.preventDefault(); d.close(); } }
  if (t.matches('[data-palette]') && plain && palette()) e.preventDefault();
  if (t.matches('[data-copy]')) navigator.clipboard?.writeText(t.dataset.copy).then(() => toast(word('copied')));
  if (t.matches('[data-theme-next]')) theme(themes[(themes.indexOf(document.documentElement.dataset.theme ?? 'system') + 1) % 3]);
});
addEventListener('keydown', e => {
  if ((e.metaKey || e.ctrlKey) && !e.altKey && !e.shiftKey && e.key.toLowerCase() === 'k' && palette()) { e.preventDefault(); return; }
  const typing = e.target.matches?.('input:not([type=checkbox]), textarea, select, [contenteditable]');
  if ((e.metaKey || e.ctrlKey) && e.key === 'Enter' && e.target.form) { e.preventDefault(); e.target.form.requestSubmit(); return; }
  if (typing || e.metaKey || e.ctrlKey || e.altKey || $('dialog[open]') || document.body.dataset.keys === 'off') return;
  if (e.key === 'z') $('#toasts button')?.focus();
  if (e.key === 'j') step(1);
  if (e.key === 'k') step(-1);
  if (e.key === 'x') $('.cur input[type=checkbox]')?.click();
  if (e.key === 'c') $('#new')?.showModal();
  if (e.key === 'l') $('[data-log]')?.click();
  if (e.key === 'a') { const all = $$('.sug .btn.ai'), here = e.target.closest?.('.sug'); (here ? $('.btn.ai', here) : all.length === 1 ? all[0] : null)?.click(); }
  if (e.key === '/') { const f = $('.tools input[type=search]'); if (f) { e.preventDefault(); f.focus(); } }
});

/* Menus: focus goes in when they open, arrow keys move, Escape is the browser's. */
addEventListener('toggle', e => { if (e.target.matches?.('.menu') && e.newState === 'open') $('button:not([hidden]), a, input', e.target)?.focus(); }, true);
addEventListener('keydown', e => {
  const menu = e.target.closest?.('.menu');
  if (!menu || !/^Arrow(Up|Down)$/.test(e.key)) return;
  e.preventDefault();
  const items = $$('button:not([hidden]), a, input:not([type=hidden])', menu), at = items.indexOf(e.target);
  items[(at + (e.key === 'ArrowDown' ? 1 : -1) + items.length) % items.length]?.focus();
});

/* After a phone call ends and the page is back in view, ask how it went. */
let called = null;
addEventListener('click', e => { const a = e.target.closest?.('a[href^="tel:"]'); if (a) called = a.dataset.called ?? null; });
addEventListener('visibilitychange', () => { if (!document.hidden && called) { const to = called; called = null; sheet(to); } });

/* HTMX: a refusal never replaces what is on the page, it is said in a toast; a refresh that nobody
   asked for never takes away what somebody is typing. */
const unsaved = root => $$('textarea, input:not([type=hidden])', root).some(i => !i.closest('[hx-preserve]') && (i === document.activeElement || (i.value !== i.defaultValue && i.type !== 'radio' && i.type !== 'checkbox')));
const asked = config => /^(click|submit|input|change|search|keyup)$/.test(config.triggeringEvent?.type ?? 'click');
addEventListener('htmx:beforeSwap', e => {
  const { xhr, requestConfig: config, target } = e.detail;
  const form = xhr.status === 409 && target.id === 'sheet-form' && xhr.responseText.includes('id="sheet-form"');
  if (form) e.detail.shouldSwap = true;
  else if (xhr.status >= 400 && xhr.status !== 422) {
    e.detail.shouldSwap = false;
    const doc = new DOMParser().parseFromString(xhr.responseText, 'text/html');
    const words = ($('[role=alert]', doc) ?? $('h1', doc))?.textContent.trim() || word('unloaded');
    if (asked(config)) toast(words);
  } else if (config.verb === 'get' && !asked(config) && target.id !== 'sheet-form' && unsaved(target)) e.detail.shouldSwap = false;
});
addEventListener('htmx:afterRequest', e => { if (e.detail.successful && e.detail.xhr.status === 204) e.target.closest?.('dialog')?.close(); });
addEventListener('htmx:sendError', () => toast(word('offline')));
addEventListener('htmx:load', e => {
  const root = e.detail.elt;
  (root.matches?.('[data-focus]') ? root : $('[data-focus]', root))?.focus();
  bottom(root);
});

/* A message list starts at its newest message. */
function bottom(root) { [...(root.matches?.('.msgs') ? [root] : []), ...$$('.msgs', root)].forEach(m => { m.scrollTop = m.scrollHeight; }); }
bottom(document);
$('[data-focus]')?.focus();
/* Browsers without CSS anchors still get menus next to their button. */
if (!CSS.supports('position-area', 'block-end')) addEventListener('toggle', e => {
  if (!e.target.matches?.('.menu') || e.newState !== 'open' || innerWidth < 768) return;
  const b = $(`[popovertarget="${e.target.id}"]`)?.getBoundingClientRect();
  if (b) { e.target.style.left = `${Math.max(8, Math.min(b.right - e.target.offsetWidth, innerWidth - e.target.offsetWidth - 8))}px`; e.target.style.top = `${Math.min(b.bottom + 4, innerHeight - e.target.offsetHeight - 8)}px`; }
}, true);

/* Without a network (sw.js): a line says so and what waits; what the server did not take is asked about. */
const worker = $('#toasts')?.dataset.who && navigator.serviceWorker;
let again;
function offline({ waiting = 0, refused = [], sent = 0 } = {}) {
  clearTimeout(again); // a device says that it is back before the network answers
  if (waiting && navigator.onLine) again = setTimeout(() => worker.controller?.postMessage({}), 5000);
  if (sent) toast(word('sent').replace('{n}', sent));
  $$('.offline:not([data-at])').forEach(line => line.remove());
  const say = text => { const line = Object.assign(document.createElement('p'), { className: 'offline' }); line.setAttribute('role', 'status'); line.append(text); document.body.prepend(line); return line; };
  if (waiting || (!navigator.onLine && !$('#offline'))) say(waiting ? word('kept').replace('{n}', waiting) : word('offline'));
  for (const { key, what, reason } of refused) {
    const line = say(word('refused').replace('{what}', what).replace('{reason}', reason));
    for (const [name, act] of [['again', 'retry'], ['drop', 'away']]) {
      const button = line.appendChild(Object.assign(document.createElement('button'), { type: 'button', className: 'btn sm', textContent: word(name) }));
      button.addEventListener('click', () => worker.controller?.postMessage({ [act]: key }));
    }
  }
}
if (worker) {
  addEventListener('load', () => worker.register('/sw.js').catch(() => {}));
  worker.addEventListener('message', e => offline(e.data));
  worker.ready.then(() => worker.controller?.postMessage({}));
  addEventListener('online', () => { $('#offline')?.remove(); worker.controller?.postMessage({}); });
  addEventListener('offline', () => offline());
}
