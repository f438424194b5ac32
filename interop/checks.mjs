// What the checks of clients in JavaScript share: the portals, what is in them, and how a check is written.

import { isDeepStrictEqual } from 'node:util'

export const PORTALS = JSON.parse(process.env.INTEROP_PORTALS)

// What crates/brimful-portal/examples/serve.rs puts into every portal.
export const LEADS = Array.from({ length: 1234 }, (_, place) => 3 * place + 1)
export const LAST = LEADS.at(-1)
export const TASKS = 175
export const ITEMS = 120
export const SMART = 1032

let failed = false

/** Runs a check. It fails when it throws anything. */
export async function check(sentence, body) {
  try {
    await body()
    console.log(`ok   ${sentence}`)
  } catch (error) {
    failed = true
    console.log(`FAIL ${sentence}: ${String(error?.message ?? error).replace(/\s+/g, ' ').slice(0, 600)}`)
  }
}

export function equal(got, wanted) {
  if (!isDeepStrictEqual(got, wanted)) {
    throw new Error(`got ${short(got)}, wanted ${short(wanted)}`)
  }
}

export function short(value) {
  const text = JSON.stringify(value) ?? String(value)
  return text.length <= 260 ? text : `${text.slice(0, 120)} … ${text.slice(-120)}`
}

export function done() {
  process.exit(failed ? 1 : 0)
}
