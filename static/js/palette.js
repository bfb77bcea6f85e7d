/* The palette: a combobox over a listbox. Arrow keys move, Enter opens, with Ctrl or ⌘ in a new tab.
   Without this script its links lead to the search page. */
(() => {
  const box = document.querySelector('#palette'), field = box?.querySelector('input');
  if (!box?.showModal) return;
  const list = () => box.querySelector('#pal-list');
  const options = () => [...box.querySelectorAll('[role=option]')];
  const fresh = () => list().dataset.typed === field.value.trim();
  const chosen = () => options().find(o => o.getAttribute('aria-selected') === 'true');
  let waiting = null;

  function choose(to) {
    const all = options();
    all.forEach((o, i) => o.setAttribute('aria-selected', String(i === to)));
    field.setAttribute('aria-expanded', String(all.length > 0));
    if (!all[to]) { field.removeAttribute('aria-activedescendant'); return; }
    field.setAttribute('aria-activedescendant', all[to].id);
    all[to].scrollIntoView({ block: 'nearest' });
  }
  function move(step) {
    const all = options();
    if (all.length) choose((all.indexOf(chosen()) + step + all.length) % all.length);
  }
  function go(apart) {
    const to = fresh() && chosen();
    if (!to) field.form.submit();
    else if (apart) window.open(to.href, '_blank', 'noopener');
    else { box.close(); to.click(); }
  }
  function open() {
    if (box.open) return;
    document.querySelectorAll('dialog[open]').forEach(d => d.close());
    box.showModal();
    field.select();
    waiting = null;
    htmx.trigger(field, 'palette');
  }

  /* An Enter that comes before its answer waits for it: what was chosen for other letters is not what was meant. */
  field.addEventListener('keydown', e => {
    const apart = e.metaKey || e.ctrlKey;
    if (e.key === 'ArrowDown' || e.key === 'ArrowUp') move(e.key === 'ArrowDown' ? 1 : -1);
    else if (e.key === 'Enter' && !e.isComposing) { if (fresh() || waiting) go(apart); else waiting = { apart }; }
    else { waiting = null; return; }
    e.preventDefault();
    e.stopPropagation();
  });
  box.addEventListener('htmx:afterSettle', () => {
    if (!fresh()) return;
    choose(0);
    box.querySelector('[role=status]').textContent = list().dataset.says;
    if (waiting) { const { apart } = waiting; waiting = null; go(apart); }
  });
  addEventListener('click', e => {
    const link = e.target.closest?.('[data-palette]');
    if (!link || e.defaultPrevented || e.metaKey || e.ctrlKey || e.shiftKey || e.button) return;
    e.preventDefault();
    open();
  });
  addEventListener('keydown', e => {
    if (!(e.metaKey || e.ctrlKey) || e.altKey || e.shiftKey || e.key.toLowerCase() !== 'k') return;
    e.preventDefault();
    open();
  });
  open();
})();
