// The console: polls GET /sandbox, and does everything by the admin routes that any program can use.
const chinese = navigator.language.toLowerCase().startsWith('zh');
const t = (english, chineseText) => (chinese ? chineseText : english);
const $ = (id) => document.getElementById(id);

const SHAPES = {
  documented: t('data holds the three documented fields', 'data 中是文档所写的三个字段'),
  nested: t("data holds WeChat's own response with phone_info", 'data 中是微信的原始响应，含 phone_info'),
  beside: t('phone_info is next to statusCode, without data', 'phone_info 与 statusCode 同级，没有 data'),
  loose: t('countryCode is a number, mainland numbers have no +86', 'countryCode 是数字，大陆号码不带 +86'),
};
const cut = (at, how, consume) => ({ action: { kind: 'cut', at, how }, consume });
const json = (httpStatus, body) => ({
  action: { kind: 'answer', httpStatus, headers: [['content-type', 'application/json']], body: JSON.stringify(body) },
});
const FAULTS = {
  'throttled': [json(429, { statusCode: 429, message: 'Too many requests' }),
    t('Rate limit exceeded (429)', '限流（429）'), t('The code is not used and can be sent again.', 'code 未被消费，可以重试。')],
  'accept': [cut('accept', 'reset'), t('Connection reset at once', '连接立即被重置'),
    t('The next connection is reset before a byte is read.', '下一个连接在读取任何数据之前被重置。')],
  'cut-lost': [cut({ 'request-bytes': 20 }, 'reset', false), t('Reset in the middle of the request', '请求中途被重置'),
    t('The request never arrives, and the code is not used. The client cannot know.', '请求未送达，code 未被消费，但客户端无从得知。')],
  'cut-consumed': [cut('request', 'reset', true), t('Response lost, code used', '响应丢失，code 已消费'),
    t('The code is consumed, then the connection is reset. The client cannot know.', 'code 被消费后连接被重置，客户端无从得知。')],
  'cut-half': [cut('half-body', 'fin', true), t('Half of the response', '只收到一半响应'),
    t('The code is consumed, and the body ends early.', 'code 已消费，响应体提前结束。')],
  'stall': [cut('request', 'stall', true), t('No response', '没有响应'),
    t('The code is consumed, and the sandbox stays silent until the client gives up.', 'code 已消费，沙箱一直不响应，直到客户端放弃。')],
  'delay': [{ action: { kind: 'answer' }, afterMs: 5000 }, t('Response after 5 s', '5 秒后才响应'),
    t('The code is consumed at once.', 'code 立即被消费。')],
  'drip': [{ action: { kind: 'answer' }, intervalMs: 50 }, t('Slow response', '响应很慢'),
    t('One byte every 50 ms.', '每 50 毫秒一个字节。')],
  'gateway': [{ action: { kind: 'answer', httpStatus: 502, headers: [['content-type', 'text/html']], body: '<h1>502 Bad Gateway</h1>' } },
    t('Gateway error (502, HTML)', '网关错误（502，HTML）'), t('A gateway responds instead of Authing.', '由网关而不是 Authing 响应。')],
  'wechat': [json(200, { statusCode: 200, message: 'ok', data: { errcode: 40029, errmsg: 'invalid code, rid: 0-0-0' } }),
    t('WeChat rejects the code (40029)', '微信拒绝 code（40029）'), t('The user must tap again.', '用户需要重新授权。')],
  'maintenance': [json(200, { statusCode: 503, message: 'maintenance' }), t('Authing is down (503)', 'Authing 维护中（503）'),
    t('HTTP 200 with statusCode 503.', 'HTTP 200，statusCode 为 503。')],
  'twice': [{ action: { kind: 'twice' } }, t('Response sent twice', '响应发送两次'),
    t('The second response meets the next request on this connection.', '第二个响应会被同一连接上的下一个请求读到。')],
};
const STATES = { issued: '有效', consumed: '已消费', expired: '已过期', unknown: '未知' };

let code = null;
let drawn = '';

async function call(method, path, body) {
  const headers = { 'content-type': 'application/json' };
  const token = sessionStorage.getItem('token');
  if (token) headers.authorization = `Bearer ${token}`;
  const response = await fetch(path, { method, headers, body: body && JSON.stringify(body) });
  const value = await response.json();
  $('login').hidden = response.status !== 401;
  if (!response.ok) throw new Error(value.error);
  return value;
}

function element(name, text, className) {
  const made = document.createElement(name);
  made.textContent = text;
  if (className) made.className = className;
  return made;
}

function row(cells) {
  const made = document.createElement('tr');
  made.append(...cells.map((cell) => (typeof cell === 'string' ? element('td', cell) : cell)));
  return made;
}

function draw(state) {
  const text = JSON.stringify({ ...state, now: null });
  $('clock').textContent = `${t('Clock', '时钟')} ${new Date(state.now).toLocaleTimeString()}`;
  if (text === drawn) return;
  drawn = text;
  const requests = new Map(state.requests.map((request) => [request.number, request]));
  $('ledger').replaceChildren(...state.ledger.slice(-12).reverse().map((entry) => {
    const by = requests.get(entry.consumedBy);
    const lost = by && by.ending !== 'responded' && by.ending !== 'open';
    const status = `${entry.status}${chinese ? ` ${STATES[entry.status]}` : ''}`;
    const cell = element('td', lost ? `${status}, ${t('response lost', '响应丢失')}` : status, lost ? 'bad' : '');
    const short = element('td', entry.code.length > 14 ? `${entry.code.slice(0, 12)}…` : entry.code);
    short.title = entry.code;
    return row([short, entry.phoneNumber ?? '—', cell, String(entry.presented)]);
  }));
  const shown = [...document.querySelectorAll('#requests details:not(:first-child)[open]')];
  const open = new Set(shown.map((each) => each.dataset.number));
  $('requests').replaceChildren(...state.requests.slice(-8).reverse().map((request, index) => {
    const made = document.createElement('details');
    made.dataset.number = request.number;
    made.open = index === 0 || open.has(String(request.number));
    const fault = request.fault ? ` · ${t('fault', '故障')}: ${request.fault}` : '';
    const partial = request.complete ? '' : ` · ${t('incomplete', '不完整')}`;
    made.append(
      element('summary', `#${request.number} · ${request.outcome} · ${request.ending}${fault}${partial}`),
      element('pre', request.request),
      element('pre', request.response || t('(no response)', '（没有响应）')),
    );
    return made;
  }));
  $('faults').replaceChildren(...state.faults.map((fault) => {
    const { action, ...rest } = fault;
    const known = Object.values(FAULTS).find(([each]) => JSON.stringify(each.action) === JSON.stringify(action) && (each.consume ?? null) === rest.consume);
    const at = action.at ? ` ${JSON.stringify(action.at)} ${action.how}` : '';
    const times = rest.times === null ? '∞' : rest.times;
    return element('li', `${action.kind}${at} × ${times}${known ? `: ${known[1]}` : ''}`);
  }));
  if (!$('connection').length) $('connection').append(...state.connections.map((each) => element('option', each)));
  $('send-backend').hidden = !state.backend;
  $('send-backend').title = state.backend ?? '';
  $('shape').value = state.shape;
  $('shape-about').textContent = SHAPES[state.shape];
  for (const [id, value] of [['rate', String(state.rateLimit)], ['latency', String(state.latencyMs)]]) {
    if (![...$(id).options].some((option) => option.value === value)) $(id).append(new Option(value, value));
    $(id).value = value;
  }
}

async function poll() {
  try {
    draw(await call('GET', '/sandbox'));
    $('status').textContent = '';
  } catch (error) {
    $('status').textContent = error instanceof TypeError ? t('The sandbox is not reachable.', '无法连接沙箱。') : error.message;
    $('status').className = 'bad';
  }
}

function show(text, className) {
  $('outcome').textContent = text;
  $('outcome').className = className;
}

// A code of wx.login in the form of WeChat's samples, 32 letters and digits. Authing does not know it.
function loginCode() {
  const bytes = crypto.getRandomValues(new Uint8Array(24));
  return btoa(String.fromCharCode(...bytes)).replace(/[+/]/g, 'W');
}

async function issue(order) {
  $('sheet').hidden = true;
  try {
    ({ code } = order ? await call('POST', '/sandbox/codes', { ...order, connection: $('connection').value }) : { code: loginCode() });
    $('code').textContent = code;
    $('send-direct').disabled = $('send-backend').disabled = false;
    $('sent').hidden = true;
    $('hello').textContent = '欢迎使用';
    show('', '');
  } catch (error) {
    show(error.message, 'bad');
  }
  await poll();
}

function phoneIn(body) {
  const { statusCode, data, phone_info: beside } = body ?? {};
  const found = data?.phone_info ?? beside ?? data;
  return statusCode === 200 && found?.phoneNumber;
}

async function send(to) {
  show(t('Waiting…', '等待中……'), '');
  $('send-direct').disabled = $('send-backend').disabled = true;
  try {
    const { request, response, error, elapsedMs } = await call('POST', '/sandbox/send', { code, to, connection: $('connection').value });
    let body = null;
    try { body = JSON.parse(response?.body); } catch { /* not JSON */ }
    const ok = response?.httpStatus >= 200 && response?.httpStatus < 300;
    const number = to === 'sandbox' ? ok && phoneIn(body) : ok && (body?.maskedPhoneNumber ?? phoneIn(body) ?? t('accepted', '已接受'));
    const errcode = body?.data?.errcode ?? body?.errcode;
    const reason = error ?? (errcode ? `WeChat errcode ${errcode}` : body?.statusCode && body.statusCode !== 200 ? `statusCode ${body.statusCode}` : `HTTP ${response?.httpStatus}`);
    if (number) show(`✓ ${number} (${elapsedMs} ms)`, 'good');
    else show(`✗ ${t('No phone number', '没有得到手机号')}: ${reason} (${elapsedMs} ms)`, 'bad');
    $('hello').textContent = number ? `✓ ${number}` : '登录失败，请重试';
    $('sent').hidden = false;
    $('sent-request').textContent = `${request.method} ${request.url}\n${request.body}`;
    $('sent-response').textContent = response ? `HTTP ${response.httpStatus} ${response.contentType ?? ''}\n${response.body}` : error;
  } catch (error) {
    show(error.message, 'bad');
  }
  $('send-direct').disabled = $('send-backend').disabled = false;
  await poll();
}

if (chinese) {
  document.documentElement.lang = 'zh-CN';
  for (const each of document.querySelectorAll('[data-zh]')) each.textContent = each.dataset.zh;
}
$('shape').append(...Object.keys(SHAPES).map((name) => element('option', name)));
$('fault').append(...Object.entries(FAULTS).map(([name, [, label]]) => new Option(label, name)));
const explain = () => { $('fault-about').textContent = FAULTS[$('fault').value][2]; };
$('fault').value = 'throttled';
explain();
const does = (id, event, action) => $(id).addEventListener(event, async (happened) => {
  happened.preventDefault();
  try {
    await action();
  } catch (error) {
    show(error.message, 'bad');
  }
  await poll();
});
$('fault').addEventListener('change', explain);
$('tap').addEventListener('click', () => {
  $('sheet-number').textContent = $('number').value;
  $('sheet').hidden = false;
});
$('refuse').addEventListener('click', () => { $('sheet').hidden = true; });
does('allow', 'click', () => issue({ phoneNumber: $('number').value.trim() }));
does('wx-login', 'click', () => issue());
does('send-direct', 'click', () => send('sandbox'));
does('send-backend', 'click', () => send('backend'));
does('fault-add', 'click', () => call('POST', '/sandbox/faults', FAULTS[$('fault').value][0]));
does('fault-clear', 'click', () => call('DELETE', '/sandbox/faults'));
does('shape', 'change', () => call('PUT', '/sandbox/controls', { shape: $('shape').value }));
does('rate', 'change', () => call('PUT', '/sandbox/controls', { rateLimit: $('rate').value === 'off' ? 'off' : Number($('rate').value) }));
does('latency', 'change', () => call('PUT', '/sandbox/controls', { latencyMs: Number($('latency').value) }));
does('forward', 'click', () => call('PUT', '/sandbox/controls', { advanceSeconds: 300 }));
does('login', 'submit', () => sessionStorage.setItem('token', $('token').value));
await poll();
setInterval(() => { if (!document.hidden) poll(); }, 1000);
