// The portal as @bitrix24/b24jssdk, the official SDK in JavaScript, sees it.

import { AjaxError, B24Hook, ParamsFactory } from '@bitrix24/b24jssdk'
import { ITEMS, LAST, LEADS, PORTALS, SMART, TASKS, check, done, equal } from './checks.mjs'

// Its own limits are not what is tested: they are set beyond reach, and nothing is tried again.
const free = {
  ...ParamsFactory.getDefault(),
  rateLimit: { burstLimit: 1000, drainRate: 1000, adaptiveEnabled: false },
  adaptiveConfig: { enabled: false, thresholdPercent: 100, coefficient: 0, maxDelay: 0 },
  maxRetries: 1,
  retryDelay: 100
}

function hook(portal = 'portal', restrictionParams = free, address = PORTALS[portal].https) {
  const b24 = B24Hook.fromWebhookUrl(address, { restrictionParams })
  b24.offClientSideWarning()
  return b24
}

const v2 = hook().actions.v2
const call = (method, params = {}, by = v2) => by.call.make({ method, params })

/** The result of a call that succeeds. */
async function result(method, params, by) {
  const said = await call(method, params, by)
  if (!said.isSuccess) {
    throw new Error(`${method}: ${said.getErrorMessages().join('; ')}`)
  }
  return said.getData().result
}

/** What a call or batch fails with: whether the client throws it or returns it depends on its code. */
async function failure(asked) {
  let error
  try {
    error = [...(await asked).getErrors()][0]
  } catch (thrown) {
    error = thrown
  }
  if (!(error instanceof AjaxError)) {
    throw new Error(`no AjaxError but ${error}`)
  }
  return error
}

async function refusal(method, params, by) {
  const { code, status } = await failure(call(method, params, by))
  return [code, status]
}

const ids = (rows, key = 'ID') => rows.map((row) => Number(row[key]))

await check('callList brings every lead in its order', async () => {
  const said = await v2.callList.make({ method: 'crm.lead.list', params: { select: ['ID', 'TITLE'] } })
  equal(ids(said.getData()), LEADS)
  equal(said.getData().at(-1), { ID: '3700', TITLE: 'Lead 3700' })
})

await check('callList walks lists whose rows are under a key', async () => {
  const tasks = await v2.callList.make({
    method: 'tasks.task.list', params: { select: ['ID', 'TITLE'] }, idKey: 'id', cursorIdKey: 'ID',
    customKeyForResult: 'tasks'
  })
  equal(ids(tasks.getData(), 'id'), Array.from({ length: TASKS }, (_, place) => place + 1))
  const items = await v2.callList.make({
    method: 'crm.item.list', params: { entityTypeId: SMART, select: ['id', 'title'] }, idKey: 'id',
    customKeyForResult: 'items'
  })
  equal(items.getData().map((row) => row.title), Array.from({ length: ITEMS }, (_, place) => `Item ${place + 1}`))
})

await check('fetchList brings page after page', async () => {
  const pages = []
  const generator = v2.fetchList.make({ method: 'crm.lead.list', params: { filter: { STATUS_ID: 'NEW' }, select: ['ID'] } })
  for await (const page of generator) {
    pages.push(page)
  }
  equal(ids(pages.flat()), LEADS.filter((_, place) => place % 3 === 0))
  equal(pages.map((page) => page.length), [...Array(8).fill(50), 12])
})

await check('next and total lead from page to page', async () => {
  const found = []
  let start = 0
  let said
  do {
    said = await call('crm.lead.list', { select: ['ID'], order: { ID: 'ASC' }, start })
    found.push(...ids(said.getData().result))
    equal(said.getTotal(), LEADS.length)
    start = found.length
  } while (said.isMore())
  equal(found, LEADS)
})

await check('rows are added, changed, read and deleted', async () => {
  const fields = { TITLE: 'Ещё <один> & "a+b=c%"', PHONE: [{ VALUE: '+79', VALUE_TYPE: 'WORK' }] }
  const id = await result('crm.lead.add', { fields })
  equal(typeof id, 'number')
  equal(id > LAST, true)
  const lead = await result('crm.lead.get', { id })
  equal([lead.TITLE, lead.PHONE[0].VALUE], [fields.TITLE, '+79'])
  equal(await result('crm.lead.update', { id, fields: { TITLE: 'Two' } }), true)
  equal((await result('crm.lead.get', { id })).TITLE, 'Two')
  equal(await result('crm.lead.delete', { id }), true)
  // The client has a code of its own for one that is empty; the reply is kept beside it.
  const { status, originalError } = await failure(call('crm.lead.get', { id }))
  equal([status, originalError.response.data], [400, { error: '', error_description: 'Not found' }])
})

await check('a batch of a list has results in order, and one of names has them by name', async () => {
  const said = await v2.batch.make({ calls: [['crm.lead.get', { id: 1 }], ['crm.lead.get', { id: 4 }]] })
  equal(said.getData().map((lead) => lead.TITLE), ['Lead 1', 'Lead 4'])
  const named = await v2.batch.make({
    calls: { lead: { method: 'crm.lead.get', params: { id: 7 } }, me: ['profile', {}] }
  })
  equal([named.getData().lead.TITLE, named.getData().me.ID], ['Lead 7', '1'])
})

await check('commands refer to the results of those before them', async () => {
  const select = ['ID']
  const order = { ID: 'ASC' }
  const said = await v2.batch.make({
    calls: {
      first: ['crm.lead.list', { select, order, start: -1 }],
      second: ['crm.lead.list', { select, order, start: -1, filter: { '>ID': '$result[first][49][ID]' } }],
      lead: ['crm.lead.get', { id: '$result[second][0][ID]' }],
      found: ['crm.lead.list', { select, filter: { TITLE: '$result[lead][TITLE]' } }]
    }
  })
  const { first, second, lead, found } = said.getData()
  equal(ids([...first, ...second]), LEADS.slice(0, 100))
  equal([lead.TITLE, found], ['Lead 151', [{ ID: '151' }]])
})

await check('a batch halts at its first error, or goes on where that is asked for', async () => {
  const calls = { a: ['crm.lead.get', { id: 1 }], b: ['no.such.method', {}], c: ['crm.lead.get', { id: 4 }] }
  const halted = await v2.batch.make({ calls, options: { isHaltOnError: true } })
  equal(halted.isSuccess, false)
  equal([...halted.getErrors()].map((error) => error.code), ['ERROR_METHOD_NOT_FOUND'])
  const whole = await v2.batch.make({ calls, options: { isHaltOnError: false, returnAjaxResult: true } })
  equal(Object.keys(whole.getData()).filter((key) => whole.getData()[key].isSuccess), ['a', 'c'])
})

await check('any number of commands runs in batches of fifty', async () => {
  const wanted = LEADS.slice(0, 120)
  const said = await v2.batchByChunk.make({ calls: wanted.map((id) => ['crm.lead.get', { id }]) })
  equal(ids(said.getData()), wanted)
})

await check('a batch adds sixty rows, each with an ID of its own', async () => {
  const titles = Array.from({ length: 60 }, (_, place) => `Batch ${place} & more`)
  const said = await v2.batchByChunk.make({ calls: titles.map((TITLE) => ['crm.lead.add', { fields: { TITLE } }]) })
  const added = said.getData()
  equal(added, Array.from({ length: 60 }, (_, place) => added[0] + place))
  const rows = await v2.callList.make({
    method: 'crm.lead.list', params: { filter: { '>=ID': added[0] }, select: ['ID', 'TITLE'] }
  })
  equal(rows.getData().map((row) => row.TITLE), titles)
  await v2.batchByChunk.make({ calls: added.map((id) => ['crm.lead.delete', { id }]) })
})

await check('errors keep their code and their status', async () => {
  equal(await refusal('no.such.method'), ['ERROR_METHOD_NOT_FOUND', 404])
  equal(await refusal('crm.item.list', { entityTypeId: SMART, filter: { noSuch: 1 } }), ['INVALID_ARG_VALUE', 400])
  const by = (code) => hook('portal', free, PORTALS.portal.https.replace('/demo/', `/${code}/`)).actions.v2
  equal(await refusal('profile', {}, by('wrong')), ['INVALID_CREDENTIALS', 401])
  equal(await refusal('crm.lead.list', {}, by('narrow')), ['insufficient_scope', 401])
})

await check('its tools find the portal alive', async () => {
  const b24 = hook()
  equal(await b24.tools.healthCheck.make({}), true)
})

await check('a client that keeps to the bucket is refused nothing', async () => {
  const careful = { ...free, rateLimit: { burstLimit: 4, drainRate: 15, adaptiveEnabled: false } }
  const by = hook('limited', careful).actions.v2
  const begun = performance.now()
  for (const id of LEADS.slice(0, 15)) {
    equal((await result('crm.lead.get', { id }, by)).ID, String(id))
  }
  const spent = performance.now() - begun
  equal(spent >= 500, true)
})

await check('calls that the bucket refuses get through when they are tried again', async () => {
  await new Promise((resolve) => setTimeout(resolve, 300))
  const by = hook('limited', { ...free, maxRetries: 20 }).actions.v2
  const leads = await Promise.all(LEADS.slice(0, 12).map((id) => result('crm.lead.get', { id }, by)))
  equal(ids(leads), LEADS.slice(0, 12))
})

await check('a refusal of the bucket is heard where nothing is tried again', async () => {
  const by = hook('limited').actions.v2
  const said = await Promise.allSettled(Array.from({ length: 24 }, () => call('crm.lead.get', { id: 1 }, by)))
  const refused = said.filter((one) => one.status === 'rejected').map((one) => `${one.reason.code} ${one.reason.status}`)
  equal([...new Set(refused)], ['QUERY_LIMIT_EXCEEDED 503'])
})

await check('a method that used up its time is refused, alone and in a batch', async () => {
  const by = hook('operating').actions.v2
  for (let time = 0; time < 2; time++) {
    equal((await result('crm.lead.get', { id: 1 }, by)).ID, '1')
  }
  equal(await refusal('crm.lead.get', { id: 1 }, by), ['OPERATION_TIME_LIMIT', 429])
  const calls = [['crm.lead.get', { id: 1 }], ['crm.lead.get', { id: 4 }]]
  const batch = () => hook('operating').actions.v2.batch.make({ calls, options: { isHaltOnError: false } })
  equal(ids((await batch()).getData()), [1, 4])
  equal((await failure(batch())).code, 'OPERATION_TIME_LIMIT')
})

done()
