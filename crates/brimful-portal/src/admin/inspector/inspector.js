'use strict';
/* The inspector of a portal. Everything that comes from the portal is written as text, never as HTML. */

const MOST_REQUESTS = 1000; // kept in memory
const MOST_SHOWN = 200; // in the table at once
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
let start = 0;
const charts = { rate: [], operating: new Map() };

const t = (key) => TEXTS[language][key] || key;

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

function say(text, isBad = false) {
  const state = byId('state');
  state.textContent = text;
  state.className = isBad ? 'bad' : '';
}

/* Does something that may fail, and says how. */
const attempt = (work) => async (...args) => {
  try { await work(...args); } catch (error) { say(error.message, true); }
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

function line(one) {
  const commands = one.commands ? ` · ${one.commands.length}` : '';
  const row = make('tr', { 'data-number': one.number, 'aria-selected': one.number === chosen, tabindex: -1 },
    make('td', { class: 'right' }, one.number),
    make('td', {}, (one.method || one.path) + commands),
    make('td', { class: isFailed(one) ? 'bad' : 'good' }, one.status ?? '—', one.error ? ` ${one.error}` : ''),
    make('td', { class: 'right' }, `${one.milliseconds.toFixed(1)} ms`),
    make('td', { class: 'right' }, one.operating === undefined ? '' : one.operating.toFixed(2)));
  row.addEventListener('click', () => choose(one.number));
  return row;
}

function showLog() {
  const body = byId('log').tBodies[0];
  const shown = [];
  for (let at = requests.length - 1; at >= 0 && shown.length < MOST_SHOWN; at -= 1) {
    if (passes(requests[at])) shown.push(requests[at]);
  }
  body.replaceChildren(...shown.map(line));
  const parts = [`${shown.length} ${t('shown')}`];
  if (paused && waiting.length) parts.push(`${waiting.length} ${t('waiting')}`);
  if (left) parts.push(`${left} ${t('dropped')}`);
  byId('count').textContent = requests.length ? parts.join(', ') : t('wait');
}

/* Redraws once a frame, however much comes. */
let isDue = false;
function redraw() {
  if (isDue) return;
  isDue = true;
  requestAnimationFrame(() => {
    isDue = false;
    if (!paused) take();
    showLog();
  });
}

function take() {
  requests = requests.concat(waiting);
  waiting = [];
  if (requests.length > MOST_REQUESTS) requests = requests.slice(-MOST_REQUESTS);
}

function heard(one) {
  waiting.push(one);
  if (waiting.length > MOST_WAITING) {
    waiting.shift();
    left += 1;
  }
  redraw();
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
    make('p', { class: 'quiet' }, `${one.time} · ${one.peer} · ${one.status ?? '—'} · ${one.milliseconds.toFixed(1)} ms`),
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
  const rows = [...byId('log').tBodies[0].rows];
  const at = rows.findIndex((row) => Number(row.dataset.number) === chosen);
  const next = rows[Math.min(Math.max(at + by, 0), rows.length - 1)];
  if (!next) return;
  choose(Number(next.dataset.number));
  const now = byId('log').querySelector(`[data-number="${chosen}"]`);
  if (now) now.scrollIntoView({ block: 'nearest' });
}

/* --- what the portal sends by itself --- */

async function listen() {
  for (;;) {
    try {
      const reply = await ask('stream');
      requests = await json('requests');
      showLog();
      say(t('live'));
      await read(reply.body.getReader());
      say(t('lost'), true);
    } catch (error) {
      say(`${t('lost')}: ${error.message}`, true);
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
      const event = /^event: (.*)$/m.exec(message);
      const data = /^data: (.*)$/m.exec(message);
      if (event && data) arrived(event[1], JSON.parse(data[1]));
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

const showLimits = attempt(async () => {
  const limits = await json('limits');
  const cards = make('div', { class: 'cards' });
  const rate = make('div', { class: 'card' }, make('h2', {}, t('rate')));
  if (limits.rate) {
    const level = Math.max(0, ...limits.rate.levels.map((one) => one.level));
    grow(charts.rate, level);
    rate.append(make('p', {}, `${level.toFixed(1)} / ${limits.rate.capacity} ${t('level')}, −${limits.rate.leak}/${t('seconds')}`),
      chart(charts.rate, limits.rate.capacity, limits.rate.capacity));
  } else rate.append(make('p', { class: 'quiet' }, t('noRate')));
  cards.append(rate);
  for (const one of limits.operating) {
    const key = `${one.method} ${one.caller}`;
    const points = charts.operating.get(key) || [];
    charts.operating.set(key, points);
    grow(points, one.seconds);
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
  select.replaceChildren(...entities.map((one) => make('option', { value: one.name }, `${one.name} (${one.rows})`)));
  if (entities.some((one) => one.name === before)) select.value = before;
  await showRows();
});

const showRows = attempt(async () => {
  const page = await json(`rows?entity=${encodeURIComponent(byId('entity').value)}&start=${start}`);
  const names = [...new Set(page.rows.flatMap(Object.keys))];
  byId('table').tHead.replaceChildren(make('tr', {}, ...names.map((name) => make('th', {}, name))));
  byId('table').tBodies[0].replaceChildren(...page.rows.map((row) => make('tr', {}, ...names.map((name) => {
    const value = row[name];
    const text = value === null || value === undefined ? '' : typeof value === 'object' ? JSON.stringify(value) : String(value);
    return make('td', { title: text }, text);
  }))));
  byId('place').textContent = page.rows.length ? `${start + 1}–${start + page.rows.length} ${t('of')} ${page.total}` : `0 ${t('of')} ${page.total}`;
  byId('back').disabled = start === 0;
  byId('forth').disabled = start + page.rows.length >= page.total;
});

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
    say(t('live'));
  });
  const save = attempt(async () => {
    const blob = await (await ask('snapshot')).blob();
    const link = make('a', { href: URL.createObjectURL(blob), download: 'portal.json' });
    link.click();
    URL.revokeObjectURL(link.href);
  });
  cards.append(make('div', { class: 'card' }, make('h2', {}, t('data')),
    make('button', { type: 'button', onclick: save }, t('snapshot')), ' ', make('button', { type: 'button', onclick: reset }, t('reset'))));
  byId('faults').replaceChildren(cards);
});

/* --- webhooks and applications --- */

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
    for (const bound of app.events) card.append(make('p', {}, `${bound.event} → ${bound.offline ? 'offline' : bound.handler}`));
    card.append(make('button', { type: 'button', onclick: send({ install: app.client_id }) }, t('install')), ' ',
      make('button', { type: 'button', onclick: send({ uninstall: app.client_id }) }, t('uninstall')));
    cards.append(card);
  }
  byId('access').replaceChildren(cards);
});

/* --- events --- */

const showEvents = attempt(async () => {
  const deliveries = await json('events');
  byId('deliveries').tBodies[0].replaceChildren(...deliveries.reverse().slice(0, MOST_SHOWN).map((one) => make('tr', {},
    make('td', { class: 'right' }, one.number), make('td', {}, one.event),
    make('td', { class: one.outcome === 'delivered' ? 'good' : 'bad', title: one.reason || '' }, `${one.outcome} ${one.status || ''}`),
    make('td', { class: 'right' }, `${one.milliseconds.toFixed(1)} ms`), make('td', {}, one.handler),
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
  go(tab);
}

function pause() {
  paused = !paused;
  byId('pause').textContent = t(paused ? 'resume' : 'pause');
  byId('pause').setAttribute('aria-pressed', paused);
  redraw();
}

document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const isTyping = /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName);
  if (event.key === 'Escape') {
    if (isTyping) event.target.blur();
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
byId('entity').addEventListener('change', () => { start = 0; showRows(); });
byId('back').addEventListener('click', () => { start = Math.max(0, start - 50); showRows(); });
byId('forth').addEventListener('click', () => { start += 50; showRows(); });
byId('help').addEventListener('click', () => byId('keys').showModal());
byId('language').addEventListener('click', () => {
  language = language === 'ru' ? 'en' : 'ru';
  store('language', language);
  speak();
});
byId('ask').addEventListener('close', () => { token = byId('token').value; SHOW[tab](); });
setInterval(() => { if (tab === 'limits' && !document.hidden) showLimits(); }, POLL);
speak();
listen();
