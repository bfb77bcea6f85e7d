/* The deal board: cards move at once; what the server refuses goes back, and the toast says why. */
const $ = (s, r = document) => r.querySelector(s);
const $$ = (s, r = document) => [...r.querySelectorAll(s)];
const on = (type, act, how) => document.addEventListener(type, act, how);
const cardOf = el => el?.closest?.('.deal[data-deal]');
const columns = () => $$('[data-board] > section');
const under = e => document.elementFromPoint(e.clientX, e.clientY)?.closest('[data-name]');
const shut = (card, stage) => card.dataset.no.split(' ').includes(stage);
const title = card => $('h3', card).textContent;
/* What is said to screen readers stands on the page, in the reader's language. */
const say = (key, card, stage, at, of) => { const el = $('#board-say'), named = { card: title(card), stage, at, of }; el.textContent = el.dataset[key].replace(/{(\w+)}/g, (all, name) => named[name]); };
const url = (pattern, card) => pattern.replace(/\b0\b/, card.dataset.deal);
const focus = card => $('h3 a', card).focus();
const home = card => ({ list: card.parentNode, next: card.nextSibling, spot: card.closest('section') });
function back(card, to) {
  to.list.insertBefore(card, to.next?.parentNode === to.list ? to.next : null);
  say('back', card, to.spot.dataset.name);
}
function put(card, spot) {
  $('.none', spot)?.remove();
  $('ol', spot).prepend(card);
}

/* Won and Lost open a sheet; closing it returns the card. */
function settle(card, spot, from) {
  const { name, verb, stage } = spot?.dataset ?? {};
  if (!spot || spot === from.spot) return back(card, from);
  if (verb) {
    const link = $(`#mv [data-go="${verb}"]`);
    link.href = url(verb, card);
    link.click();
    return $('#sheet').addEventListener('close', () => back(card, from), { once: true });
  }
  put(card, spot);
  say('moved', card, name, 1, $$('.deal', spot).length);
  card.addEventListener('htmx:afterRequest', e => { if (e.detail.xhr.status !== 204) back(card, from); }, { once: true });
  htmx.ajax('POST', $('.mv', card).href, { values: { stage }, swap: 'none', source: card });
}
on('deal-moved', ({ detail }) => {
  const card = $(`#deal-${detail.deal}`), spot = $(`#c${detail.stage}`);
  if (card && spot && card.closest('section') !== spot) put(card, spot);
});

/* Drag; by finger after a long press. */
let drag = null, dragged = false;
function lift() {
  const box = drag.card.getBoundingClientRect(), ghost = drag.ghost = drag.card.cloneNode(true);
  ghost.removeAttribute('id');
  ghost.classList.add('ghost');
  for (const k of ['left', 'top', 'width']) ghost.style[k] = `${box[k]}px`;
  document.body.append(ghost);
  mark(drag.card, null, true);
}
function mark(card, over, lifted) {
  card.classList.toggle('grab', lifted);
  $('[data-board]').classList.toggle('lifting', lifted);
  $$('[data-name]').forEach(s => {
    s.classList.toggle('over', s === over);
    s.classList.toggle('shut', lifted && shut(card, s.dataset.stage));
  });
}
function drop(spot) {
  const { card, ghost, timer } = drag;
  clearTimeout(timer);
  drag = null;
  if (!ghost) return;
  ghost.remove();
  mark(card, null, false);
  if (spot) settle(card, spot, home(card));
  dragged = true;
  setTimeout(() => { dragged = false; });
}
on('pointerdown', e => {
  const card = cardOf(e.target);
  if (!card || e.button || e.target.closest('.mv')) return;
  drag = { card, x: e.clientX, y: e.clientY, mouse: e.pointerType === 'mouse' };
  if (!drag.mouse) drag.timer = setTimeout(lift, 350);
});
on('pointermove', e => {
  if (!drag) return;
  const x = e.clientX - drag.x, y = e.clientY - drag.y, far = Math.hypot(x, y);
  if (!drag.ghost && drag.mouse && far > 5) lift();
  if (!drag.ghost) { if (far > 10) drop(); return; }
  drag.ghost.style.translate = `${x}px ${y}px`;
  mark(drag.card, under(e), true);
  const board = $('[data-board]'), edge = board.getBoundingClientRect();
  board.scrollLeft += e.clientX > edge.right - 40 ? 20 : e.clientX < edge.left + 40 ? -20 : 0;
});
on('pointerup', e => { if (drag) drop(under(e)); });
on('pointercancel', () => { if (drag) drop(); });
on('touchmove', e => { if (drag?.ghost) e.preventDefault(); }, { passive: false });
for (const type of ['contextmenu', 'dragstart']) on(type, e => { if (drag) e.preventDefault(); });

let aim = null;
function menu(link) {
  const box = $('#mv');
  aim = cardOf(link);
  $$('[data-to]', box).forEach(b => {
    b.hidden = b.dataset.to === home(aim).spot.dataset.stage;
    b.classList.toggle('mut', shut(aim, b.dataset.to));
  });
  $$('[data-go]', box).forEach(a => { a.href = url(a.dataset.go, aim); });
  box.showPopover({ source: link });
  $('button:not([hidden])', box).focus();
}
on('click', e => {
  const t = e.target.closest('.mv, [data-to]');
  if (dragged) { e.preventDefault(); e.stopPropagation(); }
  if (!t || dragged || e.metaKey || e.ctrlKey) return;
  if (t.matches('.mv')) { e.preventDefault(); return menu(t); }
  $('#mv').hidePopover();
  settle(aim, $(`#c${t.dataset.to}`), home(aim));
  focus(aim);
}, true);

let held = null;
on('keydown', e => {
  const card = cardOf(e.target), step = { ArrowLeft: -1, ArrowRight: 1 }[e.key], all = columns();
  if (!card || e.target.closest('.mv') || e.metaKey || e.ctrlKey || e.altKey) return;
  if (!held && e.key === 'm') menu($('.mv', card));
  else if (!held && e.key === ' ') {
    held = { from: home(card), at: all.indexOf(card.closest('section')) };
    say('held', card, held.from.spot.dataset.name);
  } else if (held && step) {
    const spot = all[held.at = Math.max(0, Math.min(all.length - 1, held.at + step))];
    put(card, spot);
    say(shut(card, spot.dataset.stage) ? 'shut' : 'over', card, spot.dataset.name, held.at + 1, all.length);
  } else if (held && (e.key === ' ' || e.key === 'Escape')) {
    settle(card, e.key === ' ' && all[held.at], held.from);
    held = null;
  } else return;
  card.classList.toggle('grab', Boolean(held));
  if (e.key !== 'm') focus(card);
  e.preventDefault();
  e.stopPropagation();
});

const seen = new IntersectionObserver(all => all.forEach(({ isIntersecting, target }) => {
  if (isIntersecting) $$('.jump a').forEach(a => { a.ariaCurrent = a.hash === `#${target.id}` ? 'true' : null; });
}), { threshold: .6 });
const watch = () => columns().forEach(s => seen.observe(s));
on('htmx:load', watch);
watch();
