/* Lists: tick rows, edit cells, keys. Without this script ticks, bars and cells still work as forms and pages. */
(() => {
  const one = (s, r = document) => r.querySelector(s);
  const all = (s, r = document) => [...r.querySelectorAll(s)];
  const ticks = () => all('#rows input[name=pk]');
  let last = null;

  /* Ticks: the heading ticks the page, Shift ticks what lies between. */
  function count() {
    const n = ticks().filter(t => t.checked).length, head = one('[data-all]'), said = one('[data-count]');
    if (head) { head.checked = n > 0 && n === ticks().length; head.indeterminate = n > 0 && !head.checked; }
    if (said) said.textContent = `${n} selected`;
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
    if (e.target.matches?.('input:not([type=checkbox]), textarea, select, [contenteditable]') || e.metaKey || e.ctrlKey || e.altKey || one('dialog[open]')) return;
    if (e.key === 'f') { e.preventDefault(); one('#add-filter')?.click(); }
    if (e.key === '?') one('#keys')?.showModal();
    if (e.key === 'X') { const tick = one('#rows .cur input[name=pk]'); if (tick) { tick.checked = true; between(tick, true); last = tick; count(); } }
  });
})();
