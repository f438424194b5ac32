'use strict';
/* The inspector of a portal. Everything that comes from the portal is written as text, never as HTML. */

const MOST_REQUESTS = 1000; // kept in memory
const ROW_HEIGHT = 29; // pixels; the style has it too
const FRAME = 30; // milliseconds between two redraws of the log: painting is what takes the time
const MOST_WAITING = 1000; // while it is paused, or between two frames
const TABS = ['requests', 'limits', 'rows', 'faults', 'access', 'events'];
const POLL = 1000; // milliseconds between two looks at the limits
const CHART = 120; // points of a chart

const byId = (id) => document.getElementById(id);
const stored = (key) => { try { return localStorage.getItem(key); } catch { return null; } };
const store = (key, value) => { try { localStorage.setItem(key, value); } catch { /* the page works without */ } };

let language = stored('language') || (navigator.language.startsWith('ru') ? 'ru' : 'en');
let token = '';
let tab = 'requests';
let requests = [];
let waiting = [];
let left = 0; // requests that were not kept
let paused = false;
let chosen = null;
let state = ['', false]; // the text at the top, and whether it is bad news
let pages = [0]; // where the pages of rows before this one began, and this one
let following = null; // where the next page begins
let shownRow = null; // [entity, id]
let withChanges = false;
const charts = { rate: [], operating: new Map() };

const t = (key) => TEXTS[language][key] || key;

const isNarrow = () => window.matchMedia('(max-width: 760px)').matches;

/* An element with text and children. */
function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key === 'onclick') element.addEventListener('click', value);
    else if (value !== undefined && value !== null) element.setAttribute(key, value);
  }
  for (const child of children) element.append(child instanceof Node ? child : document.createTextNode(String(child)));
  return element;
}

async function ask(path, options = {}) {
  const headers = { ...options.headers };
  if (token) headers.Authorization = `Bearer ${token}`;
  if (options.method && options.method !== 'GET') headers['Content-Type'] = 'application/json';
  const reply = await fetch(path, { ...options, headers, cache: 'no-store' });
  if (reply.status === 403 && byId('ask').open === false) byId('ask').showModal();
  if (!reply.ok) {
    const why = await reply.json().catch(() => ({}));
    throw new Error(why.error_description || `${t('denied')}: ${reply.status}`);
  }
  return reply;
}

const json = async (path, options) => (await ask(path, options)).json();

/* Says how it is: a key of the texts, and what is added to it as it is. */
function say(key, isBad = false, more = '') {
  state = [key, isBad, more];
  const element = byId('state');
  element.textContent = t(key) + (more && `: ${more}`);
  element.className = isBad ? 'bad' : '';
}

/* Does something that may fail, and says how. */
const attempt = (work) => async (...args) => {
  try { await work(...args); } catch (error) { say('failedTo', true, error.message); }
};

/* --- the log --- */

const isFailed = (one) => one.status === null || one.status >= 400
  || (one.commands || []).some((command) => command.status === 'failed');
const isBatch = (one) => one.method.toLowerCase() === 'batch';
const isWrite = (one) => /\.(add|update|delete|set|bind|unbind|register|finish)$/i.test(one.method);

function passes(one) {
  const filter = byId('filter').value;
  if (filter === 'failed' && !isFailed(one)) return false;
  if (filter === 'writes' && !isWrite(one)) return false;
  if (filter === 'batches' && !isBatch(one)) return false;
  const search = byId('search').value.trim().toLowerCase();
  if (!search) return true;
  one.text ??= JSON.stringify([one.method, one.path, one.params, one.commands, one.reply, one.error]).toLowerCase();
  return one.text.includes(search);
}

const duration = (milliseconds) => (milliseconds < 1 ? `${Math.round(milliseconds * 1000)} µs`
  : `${milliseconds.toFixed(milliseconds < 100 ? 1 : 0)} ms`);

/* What a failed request is told, in a few words: many errors of the CRM have no code. */
const whatFailed = (one) => (isFailed(one) ? one.error || one.error_description || '' : '');

/* The log has an element for each row that is seen, and no more: they are filled again as it goes on or is scrolled. */
const log = { lines: [], above: null, below: null, passed: [] };

function newLine() {
  const cells = ['right', '', '', 'right', 'right'].map((name) => make('td', { class: name }, ''));
  const row = make('tr', { tabindex: -1 }, ...cells);
  row.addEventListener('click', () => {
    choose(Number(row.dataset.number));
    if (isNarrow()) byId('detail').scrollIntoView({ block: 'start' });
  });
  byId('log').tBodies[0].insertBefore(row, log.below);
  return { row, cells, texts: cells.map((cell) => cell.firstChild), one: null, isChosen: null };
}

function fill(line, one) {
  const isChosen = one.number === chosen;
  if (line.isChosen !== isChosen) line.row.setAttribute('aria-selected', isChosen);
  line.isChosen = isChosen;
  if (line.one === one) return;
  line.one = one;
  const commands = one.commands ? ` · ${one.commands.length}` : '';
  const failure = whatFailed(one);
  const texts = [String(one.number), (one.method || one.path) + commands,
    `${one.status ?? '—'}${failure && ` ${failure}`}`, duration(one.milliseconds),
    one.operating === undefined ? '' : one.operating.toFixed(2)];
  texts.forEach((text, at) => { if (line.texts[at].data !== text) line.texts[at].data = text; });
  const look = isFailed(one) ? 'bad' : 'good';
  if (line.cells[2].className !== look) line.cells[2].className = look;
  line.cells[1].title = texts[1];
  line.cells[2].title = failure;
  line.row.dataset.number = one.number;
}

function spacer() {
  const cell = make('td', { colspan: 4 });
  byId('log').tBodies[0].append(make('tr', { class: 'spacer', 'aria-hidden': true }, cell));
  return cell.parentNode;
}

function drawLines() {
  log.above ??= spacer();
  log.below ??= spacer();
  const frame = byId('log').parentNode;
  const all = log.passed.length;
  const most = Math.ceil(frame.clientHeight / ROW_HEIGHT) + 2;
  const first = Math.max(0, Math.min(Math.floor(frame.scrollTop / ROW_HEIGHT), all - most));
  const count = Math.min(most, all - first);
  while (log.lines.length < count) log.lines.push(newLine());
  while (log.lines.length > count) log.lines.pop().row.remove();
  log.lines.forEach((line, at) => fill(line, log.passed[all - 1 - first - at]));
  const height = (element, rows) => {
    const pixels = `${rows * ROW_HEIGHT}px`;
    if (element.firstChild.style.height !== pixels) element.firstChild.style.height = pixels;
    element.hidden = rows === 0;
  };
  height(log.above, first);
  height(log.below, all - first - count);
}

function showLog() {
  const frame = byId('log').parentNode;
  const top = frame.scrollTop > 0 && log.passed.length ? log.passed.at(-1).number : null;
  log.passed = requests.filter(passes);
  if (top !== null) {
    // What was scrolled to stays where it is while the log grows above it.
    let grown = 0;
    while (grown < log.passed.length && log.passed[log.passed.length - 1 - grown].number > top) grown += 1;
    if (grown) {
      drawLines();
      frame.scrollTop += grown * ROW_HEIGHT;
    }
  }
  drawLines();
  const parts = [`${log.passed.length} ${t('shown')}`];
  if (paused && waiting.length) parts.push(`${waiting.length} ${t('waiting')}`);
  if (left) parts.push(`${left} ${t('dropped')}`);
  byId('count').textContent = requests.length ? parts.join(', ') : t('wait');
}

/* Redraws some thirty times a second, however much comes. */
let isDue = false;
let drawn = 0;
function redraw() {
  if (isDue) return;
  isDue = true;
  requestAnimationFrame(function draw(now) {
    if (now - drawn < FRAME) {
      requestAnimationFrame(draw);
      return;
    }
    drawn = now;
    isDue = false;
    if (!paused) take();
    if (tab === 'requests') showLog();
  });
}

function take() {
  if (waiting.length) requests = requests.concat(waiting).slice(-MOST_REQUESTS);
  waiting = [];
}

function heard(one) {
  waiting.push(one);
  // Cut at times: taking the first one out each time would move all others.
  if (waiting.length > 2 * MOST_WAITING) {
    left += waiting.length - MOST_WAITING;
    waiting = waiting.slice(-MOST_WAITING);
  }
  redraw();
  if (tab === 'rows') showRowsSoon();
}

function choose(number) {
  chosen = number;
  const one = requests.find((request) => request.number === number);
  const detail = byId('detail');
  detail.replaceChildren();
  showLog();
  if (!one) return;
  const secret = make('input', { type: 'checkbox' });
  const curl = make('pre');
  const showCurl = attempt(async () => {
    const path = `curl?number=${one.number}${secret.checked ? '&secret=1' : ''}`;
    curl.textContent = (await json(path)).curl;
  });
  secret.addEventListener('change', showCurl);
  const copy = make('button', { type: 'button', id: 'copy' }, t('copy'));
  copy.addEventListener('click', attempt(async () => {
    await navigator.clipboard.writeText(curl.textContent);
    copy.textContent = t('copied');
  }));
  detail.append(
    make('h2', {}, `${one.http_method} ${one.method || one.path}`),
    make('p', { class: 'quiet' }, `${one.time} · ${one.peer} · ${one.status ?? '—'} · ${duration(one.milliseconds)}`),
    make('h3', {}, t('parameters')), make('pre', {}, pretty(one.params)));
  if (one.commands) {
    detail.append(make('h3', {}, t('commands')));
    for (const command of one.commands) {
      const status = command.status === 'not run' ? t('notRun') : command.status || '';
      detail.append(make('p', { class: command.status === 'failed' ? 'bad' : '' },
        `${command.label}: ${command.method} ${status} ${command.error || ''}`), make('pre', {}, pretty(command.params)));
    }
  }
  if (one.reply !== undefined) {
    detail.append(make('h3', {}, t('reply') + (one.reply_cut ? ` (${t('tooLong')})` : '')), make('pre', { id: 'reply' }, pretty(one.reply)));
  }
  detail.append(make('h3', {}, t('asCurl')), make('label', {}, secret, ' ', t('withSecret')), ' ', copy, curl,
    make('button', { type: 'button', onclick: () => { chosen = null; detail.replaceChildren(); showLog(); } }, t('close')));
  showCurl();
}

const pretty = (value) => (typeof value === 'string' ? value : JSON.stringify(value, null, 2));

function move(by) {
  if (tab === 'rows') {
    moveRow(by);
    return;
  }
  const newestFirst = log.passed.toReversed();
  const at = newestFirst.findIndex((one) => one.number === chosen);
  const place = Math.min(Math.max(at + by, 0), newestFirst.length - 1);
  if (!newestFirst[place]) return;
  const frame = byId('log').parentNode;
  const head = byId('log').tHead.offsetHeight;
  if (place * ROW_HEIGHT < frame.scrollTop) frame.scrollTop = place * ROW_HEIGHT;
  const end = (place + 1) * ROW_HEIGHT + head;
  if (end > frame.scrollTop + frame.clientHeight) frame.scrollTop = end - frame.clientHeight;
  choose(newestFirst[place].number);
}

/* --- what the portal sends by itself --- */

async function listen() {
  for (;;) {
    try {
      const reply = await ask('stream');
      requests = await json('requests');
      showLog();
      say('live');
      await read(reply.body.getReader());
      say('lost', true);
    } catch (error) {
      say('lost', true, error.message);
    }
    await new Promise((done) => { setTimeout(done, 1000); });
  }
}

async function read(reader) {
  const decoder = new TextDecoder();
  let text = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    text += decoder.decode(value, { stream: true });
    const messages = text.split('\n\n');
    text = messages.pop();
    for (const message of messages) {
      const [event, data] = message.split('\ndata: ');
      if (data !== undefined) arrived(event.slice('event: '.length), JSON.parse(data));
    }
  }
}

function arrived(event, data) {
  if (event === 'request') heard(data);
  else if (event === 'dropped') { left += data; redraw(); }
  else if (event === 'event' && tab === 'events') showEvents();
}

/* --- limits --- */

function chart(points, most, limit) {
  const NS = 'http://www.w3.org/2000/svg';
  const svg = document.createElementNS(NS, 'svg');
  svg.setAttribute('viewBox', `0 0 ${CHART} 100`);
  svg.setAttribute('preserveAspectRatio', 'none');
  const top = Math.max(most, 1) * 1.1;
  const y = (value) => (100 - (value / top) * 100).toFixed(1);
  const path = document.createElementNS(NS, 'path');
  path.setAttribute('d', points.map((value, at) => `${at ? 'L' : 'M'}${CHART - points.length + at} ${y(value)}`).join(' '));
  svg.append(path);
  if (limit) {
    const edge = document.createElementNS(NS, 'line');
    for (const [key, value] of [['x1', 0], ['x2', CHART], ['y1', y(limit)], ['y2', y(limit)]]) edge.setAttribute(key, value);
    svg.append(edge);
  }
  return svg;
}

function grow(points, value) {
  points.push(value);
  if (points.length > CHART) points.shift();
}

/* Looks at the limits, which the charts have from the time that the page was opened. */
const lookAtLimits = async () => {
  const limits = await json('limits');
  if (limits.rate) grow(charts.rate, Math.max(0, ...limits.rate.levels.map((one) => one.level)));
  for (const one of limits.operating) {
    const key = `${one.method} ${one.caller}`;
    if (!charts.operating.has(key)) charts.operating.set(key, []);
    grow(charts.operating.get(key), one.seconds);
  }
  return limits;
};

const showLimits = attempt(async () => {
  const limits = await lookAtLimits();
  const cards = make('div', { class: 'cards' });
  const rate = make('div', { class: 'card' }, make('h2', {}, t('rate')));
  if (limits.rate) {
    const level = charts.rate.at(-1);
    rate.append(make('p', {}, `${level.toFixed(1)} / ${limits.rate.capacity} ${t('level')}, −${limits.rate.leak}/${t('seconds')}`),
      chart(charts.rate, limits.rate.capacity, limits.rate.capacity));
  } else rate.append(make('p', { class: 'quiet' }, t('noRate')));
  cards.append(rate);
  for (const one of limits.operating) {
    const points = charts.operating.get(`${one.method} ${one.caller}`);
    cards.append(make('div', { class: 'card' }, make('h2', {}, one.method),
      make('p', {}, `${one.seconds.toFixed(2)} / ${limits.operating_limit} ${t('seconds')} · ${one.caller}`),
      chart(points, Math.max(one.seconds, 1), one.seconds > limits.operating_limit / 4 ? limits.operating_limit : 0)));
  }
  if (!limits.operating.length) cards.append(make('div', { class: 'card quiet' }, t('noOperating')));
  byId('limits').replaceChildren(cards);
});

/* --- rows --- */

const showEntities = attempt(async () => {
  const select = byId('entity');
  const before = select.value;
  const entities = await json('entities');
  select.replaceChildren(make('option', { value: '' }, t('allChanges')),
    ...entities.map((one) => make('option', { value: one.name }, `${one.name} (${one.rows})`)));
  if (entities.some((one) => one.name === before)) select.value = before;
  await showRows();
});

/* Fields that say what a row is, which come first. */
const FIRST_FIELDS = ['ID', 'id', 'TITLE', 'title', 'NAME', 'name', 'LAST_NAME', 'SUBJECT', 'CODE', 'code', 'STAGE_ID', 'STATUS_ID',
  'STATUS', 'OPPORTUNITY', 'OWNER_ID', 'ASSIGNED_BY_ID', 'RESPONSIBLE_ID', 'DATE_MODIFY'];
const rank = (name) => { const at = FIRST_FIELDS.indexOf(name); return at < 0 ? FIRST_FIELDS.length : at; };
const inWords = (value) => (value === null || value === undefined ? '' : typeof value === 'object' ? JSON.stringify(value) : String(value));
const isEmpty = (value) => value === null || value === undefined || value === '' || (Array.isArray(value) && !value.length);

function showTable(heads, rows) {
  byId('table').tHead.replaceChildren(make('tr', {}, ...heads.map((name) => make('th', {}, name))));
  byId('table').tBodies[0].replaceChildren(...rows.map(([entity, id, cells]) => {
    const row = make('tr', { tabindex: 0, 'data-entity': entity, 'data-id': id,
      'aria-selected': Boolean(shownRow) && shownRow[0] === entity && shownRow[1] === id },
    ...cells.map((text) => make('td', { title: text }, text)));
    const open = () => openRow(entity, id);
    row.addEventListener('click', open);
    row.addEventListener('keydown', (event) => { if (event.key === 'Enter') open(); });
    return row;
  }));
}

/* The rows of an entity, the newest first; or the last changes, of all entities or of one. */
let asked = 0;
const showRows = attempt(async () => {
  asked += 1;
  const mine = asked;
  const entity = byId('entity').value;
  byId('changes').setAttribute('aria-pressed', withChanges);
  byId('changes').disabled = !entity;
  byId('find').disabled = !entity || withChanges;
  if (!entity || withChanges) await showChanges(entity, mine);
  else await showPage(entity, mine);
  if (shownRow && mine === asked) await showRow();
});

async function showPage(entity, mine) {
  const start = pages.at(-1);
  const search = byId('find').value.trim();
  const path = `rows?entity=${encodeURIComponent(entity)}&order=newest&start=${start}&search=${encodeURIComponent(search)}`;
  const page = await json(path);
  if (mine !== asked) return;
  const names = [...new Set(page.rows.flatMap(Object.keys))].filter((name) => page.rows.some((row) => !isEmpty(row[name])));
  names.sort((one, other) => rank(one) - rank(other));
  showTable(names, page.rows.map((row, at) => [entity, page.ids[at], names.map((name) => inWords(row[name]))]));
  following = search ? page.next : start + page.rows.length;
  byId('back').disabled = pages.length === 1;
  byId('forth').disabled = search ? page.next === null : following >= page.total;
  byId('place').textContent = search ? `${page.rows.length} ${t('found')}, ${page.next ?? page.total} ${t('of')} ${page.total} ${t('searched')}`
    : `${page.rows.length ? `${start + 1}–${following}` : 0} ${t('of')} ${page.total}`;
}

async function showChanges(entity, mine) {
  const changes = await json(`changes?limit=200${entity && `&entity=${encodeURIComponent(entity)}`}`);
  if (mine !== asked) return;
  showTable(['time', 'row', 'change', 'method', 'fields'].map(t), changes.map((one) => [one.entity, one.id,
    [one.time.slice(11, 19), `${one.entity} ${one.id}`, t(one.change), one.method, one.fields.map((field) => field.field).join(', ')]]));
  byId('back').disabled = true;
  byId('forth').disabled = true;
  byId('place').textContent = changes.length ? `${changes.length} ${t('lastChanges')}` : t('noChanges');
}

const openRow = attempt(async (entity, id) => {
  shownRow = [entity, id];
  for (const row of byId('table').tBodies[0].rows) {
    row.setAttribute('aria-selected', row.dataset.entity === entity && row.dataset.id === String(id));
  }
  await showRow();
  if (isNarrow()) byId('row').scrollIntoView({ block: 'start' });
});

async function showRow() {
  const [entity, id] = shownRow;
  const which = `entity=${encodeURIComponent(entity)}&id=${id}`;
  const [page, changes] = await Promise.all([json(`rows?${which}`), json(`changes?${which}`)]);
  if (!shownRow || shownRow[0] !== entity || shownRow[1] !== id) return;
  const history = changes.map((one) => make('div', { class: 'change' },
    make('p', { class: 'quiet' }, `${one.time.replace('T', ' ').slice(0, 19)} · ${t(one.change)} · ${one.method} · ${t('user')} ${one.user}`),
    make('table', { class: 'fields' }, make('tbody', {}, ...one.fields.map((field) => make('tr', {}, make('th', { scope: 'row' }, field.field),
      make('td', {}, make('del', {}, inWords(field.from)), ' ', make('ins', {}, inWords(field.to)))))))));
  const row = page.rows[0];
  const fields = row ? Object.entries(row).filter(([, value]) => !isEmpty(value)) : [];
  byId('row').replaceChildren(make('h2', {}, `${entity} ${id}`), make('h3', {}, t('rowChanges')),
    ...(history.length ? history : [make('p', { class: 'quiet' }, t('noChanges'))]),
    make('h3', {}, row ? t('fields') : t('isGone')),
    make('table', { class: 'fields' }, make('tbody', {}, ...fields.map(([name, value]) => make('tr', {}, make('th', { scope: 'row' }, name),
      make('td', {}, inWords(value)))))),
    make('button', { type: 'button', onclick: closeRow }, t('close')));
}

function closeRow() {
  shownRow = null;
  byId('row').replaceChildren();
  for (const row of byId('table').tBodies[0].rows) row.setAttribute('aria-selected', false);
}

function moveRow(by) {
  const rows = [...byId('table').tBodies[0].rows];
  const at = rows.findIndex((row) => row.getAttribute('aria-selected') === 'true');
  const next = rows[Math.min(Math.max(at + by, 0), rows.length - 1)];
  if (!next) return;
  next.scrollIntoView({ block: 'nearest' });
  openRow(next.dataset.entity, Number(next.dataset.id));
}

/* Rows are looked at again a second after something was called, however much is. */
let isLooking = false;
function showRowsSoon() {
  if (isLooking) return;
  isLooking = true;
  setTimeout(() => {
    isLooking = false;
    if (tab === 'rows') showRows();
  }, POLL);
}

/* --- faults, churn, hidden rows --- */

const showFaults = attempt(async () => {
  const cards = make('div', { class: 'cards' });
  for (const [path, title, hint] of [['faults', 'faultsSpec', '503:5%, reset-after:every=7'],
    ['churn', 'churn', 'lead:insert=5 update=20'], ['hide', 'hide', 'crm.deal:100-399']]) {
    const state = await json(path);
    const text = make('textarea', { rows: 3, placeholder: hint, 'aria-label': t(title), id: `spec-${path}` });
    text.value = state.spec;
    const put = attempt(async () => { await ask(path, { method: 'PUT', body: JSON.stringify({ spec: text.value }) }); await showFaults(); });
    const take = attempt(async () => { await ask(path, { method: 'DELETE' }); await showFaults(); });
    const card = make('div', { class: 'card' }, make('h2', {}, t(title)), text,
      make('button', { type: 'button', onclick: put }, t('set')), ' ', make('button', { type: 'button', onclick: take }, t('takeBack')));
    for (const rule of state.rules || []) card.append(make('p', { class: 'quiet' }, `${rule.rule}: ${t('fired')} ${rule.played} ${t('of')} ${rule.seen}`));
    cards.append(card);
  }
  const reset = attempt(async () => {
    if (!window.confirm(t('sureReset'))) return;
    await ask('reset', { method: 'POST' });
    say('live');
  });
  const file = make('input', { type: 'file', accept: '.json,application/json', hidden: '', id: 'snapshot' });
  file.addEventListener('change', attempt(async () => {
    if (!file.files.length || !window.confirm(t('sureLoad'))) return;
    await ask('load', { method: 'POST', body: await file.files[0].text() });
    say('live');
  }));
  const save = attempt(async () => {
    const blob = await (await ask('snapshot')).blob();
    const link = make('a', { href: URL.createObjectURL(blob), download: 'portal.json' });
    link.click();
    URL.revokeObjectURL(link.href);
  });
  cards.append(make('div', { class: 'card' }, make('h2', {}, t('data')),
    make('button', { type: 'button', onclick: save }, t('snapshot')), ' ',
    make('button', { type: 'button', onclick: () => file.click() }, t('load')), file, ' ', make('button', { type: 'button', onclick: reset }, t('reset'))));
  byId('faults').replaceChildren(cards);
});

/* --- webhooks and applications --- */

/* What applications have registered: the kind of rows, the field with their name, the fields that may have a handler. */
const REGISTERED = [['placement', 'placement', ['handler']], ['bizproc.robot', 'CODE', ['HANDLER']],
  ['bizproc.activity', 'CODE', ['HANDLER']], ['imbot', 'CODE', ['EVENT_HANDLER', 'EVENT_MESSAGE_ADD']]];

const showAccess = attempt(async () => {
  const cards = make('div', { class: 'cards' });
  const scopes = (one) => (one.scopes ? one.scopes.join(', ') : t('everything'));
  for (const hook of await json('webhooks')) {
    cards.append(make('div', { class: 'card' }, make('h2', {}, t('webhooks')), make('p', {}, `${hook.address}`),
      make('p', { class: 'quiet' }, `${t('user')} ${hook.user}: ${scopes(hook)}`)));
  }
  for (const app of await json('apps')) {
    const send = (body) => attempt(async () => { await ask('apps', { method: 'POST', body: JSON.stringify(body) }); await showAccess(); });
    const card = make('div', { class: 'card' }, make('h2', {}, app.client_id), make('p', {}, app.handler || ''),
      make('p', { class: 'quiet' }, scopes(app)));
    if (app.tokens) card.append(make('p', { class: 'quiet' }, `${t('tokens')}: ${app.tokens}`));
    for (const bound of app.events) card.append(make('p', {}, `${bound.event} → ${bound.offline ? 'offline' : bound.handler}`));
    card.append(make('button', { type: 'button', onclick: send({ install: app.client_id }) }, t('install')), ' ',
      make('button', { type: 'button', onclick: send({ uninstall: app.client_id }) }, t('uninstall')));
    cards.append(card);
  }
  const there = new Set((await json('entities')).map((one) => one.name));
  for (const [kind, what, where] of REGISTERED) {
    if (!there.has(kind)) continue;
    const card = make('div', { class: 'card' }, make('h2', {}, t(kind)));
    for (const row of (await json(`rows?entity=${kind}&order=newest`)).rows) {
      const handler = where.map((name) => row[name]).find(Boolean);
      card.append(make('p', {}, `${row[what]}${handler ? ` → ${handler}` : ''}`));
    }
    cards.append(card);
  }
  byId('access').replaceChildren(cards);
});

/* --- events --- */

const showEvents = attempt(async () => {
  const deliveries = await json('events');
  byId('deliveries').tBodies[0].replaceChildren(...deliveries.reverse().slice(0, 200).map((one) => make('tr', {},
    make('td', { class: 'right' }, one.number), make('td', {}, one.event),
    make('td', { class: one.outcome === 'delivered' ? 'good' : 'bad', title: one.reason || '' }, `${one.outcome} ${one.status || ''}`),
    make('td', { class: 'right' }, duration(one.milliseconds)), make('td', {}, one.handler),
    make('td', {}, JSON.stringify(one.form.data)))));
});

/* --- the page as a whole --- */

const SHOW = { requests: showLog, limits: showLimits, rows: showEntities, faults: showFaults, access: showAccess, events: showEvents };

function go(name) {
  tab = name;
  for (const one of TABS) {
    byId(one).hidden = one !== name;
    byId(`tab-${one}`).setAttribute('aria-selected', one === name);
  }
  SHOW[name]();
}

function speak() {
  document.documentElement.lang = language;
  for (const element of document.querySelectorAll('[data-text]')) element.textContent = t(element.dataset.text);
  for (const element of document.querySelectorAll('[data-placeholder]')) {
    element.placeholder = t(element.dataset.placeholder);
    element.setAttribute('aria-label', t(element.dataset.placeholder));
  }
  for (const element of document.querySelectorAll('[data-label]')) element.setAttribute('aria-label', t(element.dataset.label));
  byId('language').textContent = t('language');
  byId('pause').textContent = t(paused ? 'resume' : 'pause');
  document.querySelector('nav').replaceChildren(...TABS.map((name, at) => {
    const button = make('button', { type: 'button', role: 'tab', id: `tab-${name}`, 'aria-controls': name, 'aria-keyshortcuts': at + 1, onclick: () => go(name) }, t(name));
    return button;
  }));
  const keys = [['/', 'keySearch'], ['p', 'keyPause'], ['j k', 'keyMove'], ['c', 'keyCurl'], ['1 … 6', 'keyTabs'], ['Esc', 'keyClose']];
  byId('keys').replaceChildren(make('h2', {}, t('keys')),
    make('dl', {}, ...keys.flatMap(([key, text]) => [make('dt', {}, make('kbd', {}, key)), make('dd', {}, t(text))])),
    make('button', { type: 'button', onclick: () => byId('keys').close() }, t('close')));
  say(...state);
  if (chosen !== null) choose(chosen);
  go(tab);
}

function pause() {
  paused = !paused;
  byId('pause').textContent = t(paused ? 'resume' : 'pause');
  byId('pause').setAttribute('aria-pressed', paused);
  redraw();
}

document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector('dialog[open]')) return;
  const isTyping = /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName);
  if (event.key === 'Escape') {
    if (isTyping) event.target.blur();
    else if (tab === 'rows') closeRow();
    else if (chosen !== null) { chosen = null; byId('detail').replaceChildren(); showLog(); }
    return;
  }
  if (isTyping) return;
  const at = Number(event.key) - 1;
  if (TABS[at]) go(TABS[at]);
  else if (event.key === '/') { go('requests'); byId('search').focus(); }
  else if (event.key === 'p') pause();
  else if (event.key === 'j') move(1);
  else if (event.key === 'k') move(-1);
  else if (event.key === 'c' && byId('copy')) byId('copy').click();
  else if (event.key === '?') byId('keys').showModal();
  else return;
  event.preventDefault();
});

byId('search').addEventListener('input', showLog);
byId('filter').addEventListener('change', showLog);
byId('pause').addEventListener('click', pause);
byId('clear').addEventListener('click', attempt(async () => {
  await ask('requests', { method: 'DELETE' });
  requests = []; waiting = []; left = 0; chosen = null;
  byId('detail').replaceChildren();
  showLog();
}));
byId('log').parentNode.addEventListener('scroll', drawLines, { passive: true });
new ResizeObserver(drawLines).observe(byId('log').parentNode);
byId('entity').addEventListener('change', () => { pages = [0]; closeRow(); showRows(); });
byId('find').addEventListener('input', () => { pages = [0]; showRows(); });
byId('changes').addEventListener('click', () => { withChanges = !withChanges; showRows(); });
byId('back').addEventListener('click', () => { pages.pop(); showRows(); });
byId('forth').addEventListener('click', () => { pages.push(following); showRows(); });
byId('help').addEventListener('click', () => byId('keys').showModal());
byId('language').addEventListener('click', () => {
  language = language === 'ru' ? 'en' : 'ru';
  store('language', language);
  speak();
});
byId('ask').addEventListener('close', () => { token = byId('token').value; SHOW[tab](); });
setInterval(() => {
  if (document.hidden) return;
  if (tab === 'limits') showLimits();
  else lookAtLimits().catch(() => { /* the stream says so */ });
}, POLL);
speak();
listen();
