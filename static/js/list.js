/* Lists and records: tick rows, edit cells, keys; hear what happens elsewhere. Without this script ticks, bars and
   cells still work as forms and pages. */
(() => {
  const one = (s, r = document) => r.querySelector(s);
  const all = (s, r = document) => [...r.querySelectorAll(s)];
  const ticks = () => all('#rows input[name=pk]');
  let last = null;

  /* Ticks: the heading ticks the page, Shift ticks what lies between. */
  function count() {
    const n = ticks().filter(t => t.checked).length, head = one('[data-all]'), said = one('[data-count]');
    if (head) { head.checked = n > 0 && n === ticks().length; head.indeterminate = n > 0 && !head.checked; }
    if (said) said.textContent = said.dataset.count.replace('{n}', n);
  }
  function between(tick, value) {
    const row = ticks(), a = row.indexOf(last), b = row.indexOf(tick);
    if (a >= 0 && b >= 0) row.slice(Math.min(a, b), Math.max(a, b) + 1).forEach(t => { t.checked = value; });
  }
  addEventListener('click', e => {
    if (!e.target.matches?.('#rows input[name=pk]')) return;
    if (e.shiftKey) between(e.target, e.target.checked);
    last = e.target;
    count();
  });
  addEventListener('change', e => {
    if (e.target.matches?.('[data-all]')) { ticks().forEach(t => { t.checked = e.target.checked; }); count(); }
  });
  addEventListener('reset', e => { if (e.target.id === 'bulk') setTimeout(count); });
  addEventListener('submit', e => {
    if (e.target.id !== 'bulk' || e.submitter?.formAction.includes('/export/')) return;
    const asked = new URLSearchParams(new FormData(e.target, e.submitter));
    if (asked.has('all')) asked.delete('pk');
    if (sheet(`${e.target.action}?${asked}`)) e.preventDefault();
  });

  /* Cells: a click or Enter turns one into its field; Enter, Tab or leaving saves; Escape puts it back. */
  const before = new WeakMap();
  let next = null;
  function open(link) {
    const cell = link.parentNode;
    before.set(cell, cell.innerHTML);
    htmx.ajax('GET', link.href, { target: cell, swap: 'innerHTML' }).then(() => {
      const field = one('.cell :is(input:not([type=hidden]), select, textarea)', cell);
      field?.focus();
      field?.select?.();
    });
  }
  const fieldOf = form => one(':is(input:not([type=hidden]), select, textarea)', form);
  const changed = form => { const f = fieldOf(form); return f.type === 'checkbox' ? f.checked !== f.defaultChecked : f.matches('select') ? !f.selectedOptions[0]?.defaultSelected : f.value !== f.defaultValue; };
  function restore(form) {
    const cell = form.parentNode;
    if (!before.has(cell)) return null;
    cell.innerHTML = before.get(cell);
    return one('[data-cell]', cell);
  }
  function leave(form) {
    if (form.classList.contains('htmx-request') || !form.isConnected) return;
    if (changed(form)) { form.requestSubmit(); return; }
    restore(form);
    if (next) open(next);
    next = null;
  }
  addEventListener('click', e => {
    const link = e.target.closest?.('[data-cell]');
    if (!link || e.metaKey || e.ctrlKey || e.shiftKey || e.button || !window.htmx) return;
    e.preventDefault();
    open(link);
  });
  addEventListener('keydown', e => {
    const form = e.target.closest?.('td .cell, dd .cell');
    if (!form) return;
    if (e.key === 'Escape') { e.preventDefault(); restore(form)?.focus(); }
    if (e.key === 'Tab') {
      const cells = all('[data-cell], .cell'), at = cells.indexOf(form), to = cells[at + (e.shiftKey ? -1 : 1)];
      if (!to) return;
      e.preventDefault();
      next = to;
      leave(form);
    }
  });
  addEventListener('focusout', e => {
    const form = e.target.closest?.('td .cell, dd .cell');
    if (form && !form.contains(e.relatedTarget)) setTimeout(() => { if (!form.contains(document.activeElement)) leave(form); }, 0);
  });
  addEventListener('htmx:afterRequest', e => {
    if (!e.detail.requestConfig.elt?.matches?.('.cell')) return;
    const to = e.detail.successful ? next : null;
    next = null;
    if (to?.isConnected) open(to);
  });

  /* Phones: the filters are a sheet, which stays open while each choice is applied. */
  let stays = false;
  addEventListener('htmx:beforeSwap', e => {
    stays = e.detail.target.id === 'list' && Boolean(one('#filters:popover-open')) && e.detail.requestConfig.triggeringEvent?.type !== 'submit';
  });
  addEventListener('htmx:afterSettle', () => {
    if (stays && innerWidth < 768) one('#filters')?.showPopover();
    stays = false;
    count();
  });

  addEventListener('keydown', e => {
    if (e.target.matches?.('input:not([type=checkbox]), textarea, select, [contenteditable]') || e.metaKey || e.ctrlKey || e.altKey || one('dialog[open]') || document.body.dataset.keys === 'off') return;
    if (e.key === 'f') { e.preventDefault(); one('#add-filter')?.click(); }
    if (e.key === '?') one('#keys')?.showModal();
    if (e.key === 'X') { const tick = one('#rows .cur input[name=pk]'); if (tick) { tick.checked = true; between(tick, true); last = tick; count(); } }
  });
})();

/* Live: one stream for each visible page says that something happened; what shows it fetches itself, by the event that
   the page names. Where no stream can be held, the page asks every 20 s. Without this script a reload does the same. */
(() => {
  const meta = document.querySelector('meta[name=live]');
  if (!meta) return;
  const rows = () => document.querySelector('#list-rows');
  const heard = new Set();
  let line = null, last = '', timer = 0, asking = 0, quiet = 1000;
  const place = () => (last ? `after=${last}` : `since=${meta.dataset.since}`);

  /* Rows that are ticked or edited, or scrolled away from, are not taken away: a button says how many are new. */
  const busy = () => Boolean(rows()?.querySelector('input[name=pk]:checked, .cell')) || (rows()?.querySelector('.tbl')?.scrollTop ?? 0) > 40;
  function offer() {
    const nav = document.querySelector('.views');
    let button = document.querySelector('#news');
    if (!button && nav) {
      button = document.createElement('button');
      Object.assign(button, { id: 'news', type: 'button', className: 'btn sm' });
      button.addEventListener('click', () => fetchAnew());
      nav.append(button);
    }
    if (button) button.textContent = meta.dataset.words.replace('{n}', heard.size);
  }
  function fetchAnew() {
    heard.clear();
    document.querySelector('#news')?.remove();
    window.htmx?.trigger(document.body, meta.dataset.event);
  }
  function tell() {
    timer = 0;
    if (document.querySelector('.grab, .menu:popover-open')) later();
    else if (busy()) offer();
    else if (heard.size) fetchAnew();
  }
  function later() { timer ||= setTimeout(tell, rows() ? 600 + Math.random() * 600 : 150); }
  function hear(kind, id, data) {
    if (id) last = id;
    if (kind === 'open') return;
    heard.add(data[`${meta.dataset.event.split('-')[0]}_id`] ?? `${data.noun}:${data.id}`);
    later();
  }

  function close() { line?.close(); line = null; clearTimeout(asking); asking = 0; }
  function open() {
    close();
    if (document.hidden) return;
    line = new EventSource(`${meta.content}?${place()}`);
    for (const kind of ['open', 'change', 'refresh']) line.addEventListener(kind, e => { if (e.data) { quiet = 1000; hear(kind, e.lastEventId, JSON.parse(e.data)); } });
    line.addEventListener('end', () => { close(); setTimeout(open, quiet); quiet = Math.min(quiet * 2, 60000); });
    line.addEventListener('error', () => { if (line?.readyState === 2) { close(); ask(); asking = setTimeout(open, 20000); } });
  }
  async function ask() {
    const answer = await fetch(`${meta.content}?poll=1&${place()}`).catch(() => null);
    if (!answer || document.hidden) return;
    if (answer.redirected || answer.status >= 400) {
      close();
      if (answer.redirected) dispatchEvent(new CustomEvent('toast', { detail: { text: document.querySelector('#toasts')?.dataset.signedOut } }));
      return;
    }
    const said = await answer.json();
    said.messages.forEach(m => hear(m.event, m.id, m.data));
    last = said.last;
  }
  addEventListener('visibilitychange', () => (document.hidden ? close() : open()));
  addEventListener('pagehide', close);
  if (document.readyState === 'complete') open(); else addEventListener('load', open);
})();

/* Uploads: a form with data-upload takes several files, dropped ones too, and says how far it is.
   Without script it posts one file like any form. */
{
  const size = n => (n >= 1e7 ? `${Math.ceil(n / 1e6)} MB` : n >= 1e6 ? `${(n / 1e6).toFixed(1)} MB` : `${Math.ceil(n / 1e3)} kB`);
  const say = text => dispatchEvent(new CustomEvent('toast', { detail: { text } }));

  function send(form, file) {
    const body = new FormData(form), bar = form.querySelector('progress'), xhr = new XMLHttpRequest();
    body.set('file', file, file.name);
    return new Promise(resolve => {
      xhr.open('POST', form.action);
      xhr.setRequestHeader('HX-Request', 'true');
      xhr.upload.onprogress = e => { bar.hidden = false; bar.value = e.loaded / e.total; };
      xhr.onerror = () => { say(form.dataset.failed); resolve(''); };
      xhr.onload = () => {
        const page = new DOMParser().parseFromString(xhr.responseText, 'text/html');
        if (xhr.status >= 400) say((page.querySelector('[role=alert]') ?? page.querySelector('h1'))?.textContent.trim() || form.dataset.failed);
        const events = JSON.parse(xhr.getResponseHeader('HX-Trigger') || '{}');
        for (const [name, detail] of Object.entries(events)) document.body.dispatchEvent(new CustomEvent(name, { detail, bubbles: true }));
        resolve(xhr.status < 400 ? xhr.getResponseHeader('HX-Redirect') || '' : '');
      };
      xhr.send(body);
    });
  }
  async function upload(form, files) {
    const most = Number(form.dataset.upload), button = form.querySelector('[type=submit]');
    let to = '';
    button.disabled = true;
    for (const file of files) {
      if (file.size > most) say(form.dataset.tooLarge.replace('{size}', size(file.size)).replace('{most}', size(most)));
      else to = await send(form, file) || to;
    }
    button.disabled = false;
    form.querySelector('progress').hidden = true;
    if (to) location.assign(to); else form.reset();
  }
  addEventListener('submit', e => {
    const form = e.target.closest?.('[data-upload]'), files = form?.elements.file.files;
    if (files?.length) { e.preventDefault(); upload(form, [...files]); }
  });
  for (const kind of ['dragover', 'dragleave', 'drop']) addEventListener(kind, e => {
    const form = e.target.closest?.('[data-upload]');
    if (!form) return;
    e.preventDefault();
    form.classList.toggle('over', kind === 'dragover');
    if (kind === 'drop' && e.dataTransfer.files.length) upload(form, [...e.dataTransfer.files]);
  });
}
