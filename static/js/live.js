/* Live: one stream for each visible page says that something happened; what shows it fetches itself, by the event that
   the page names. Where no stream can be held, the page asks every 20 s. Without this script a reload does the same. */
(() => {
  const meta = document.querySelector('meta[name=live]');
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
    if (button) button.textContent = `${heard.size} new`;
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
      if (answer.redirected) dispatchEvent(new CustomEvent('toast', { detail: { text: 'You were signed out. Sign in to go on.' } }));
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
