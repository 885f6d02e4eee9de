// How the app asks the server: the session's token goes with every change, and a refusal is a sentence to show.
import { signal } from '@preact/signals'
import type { Me } from '../wire.ts'

/** Undefined until known; `nobody` without a session. */
export const me = signal<Me | 'nobody' | undefined>(undefined)
/** One more with every change of anything at the hub. */
export const news = signal(0)
export const isLive = signal(false)

export class Refused extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

export async function get<Value>(path: string): Promise<Value> {
  return await ask<Value>('GET', path)
}

export async function post<Value>(path: string, body: object): Promise<Value> {
  return await ask<Value>('POST', path, body)
}

export async function signIn(link: string): Promise<void> {
  me.value = await ask<Me>('POST', 'session', { link })
}

/** Where to sign in beside links; undefined where there is no such place. */
export async function signInProvider(): Promise<string | undefined> {
  return (await get<{ provider?: string }>('sign-in')).provider
}

export async function signInAway(): Promise<void> {
  const { location: there } = await post<{ location: string }>('sign-in', {})
  location.assign(there)
}

export async function signInBack(answer: string): Promise<void> {
  me.value = await post<Me>('sign-in/finish', { answer })
}

export async function signOut(): Promise<void> {
  await ask('DELETE', 'session')
  me.value = 'nobody'
}

export async function loadMe(): Promise<void> {
  try {
    me.value = await get<Me>('session')
  } catch (error) {
    if (!(error instanceof Refused) || error.status !== 401) throw error
    me.value = 'nobody'
  }
}

async function ask<Value>(method: string, path: string, body?: object): Promise<Value> {
  const { value: person } = me
  const token = typeof person === 'object' && method !== 'GET' ? { 'x-csrf-token': person.csrf } : {}
  const response = await fetch(`/admin/api/${path}`, {
    method,
    headers: { ...token, ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) }),
  }).catch(() => {
    throw new Refused(0, 'The hub does not answer. Is it still running?')
  })
  const value: unknown = await response.json().catch(() => undefined)
  if (response.ok) return value as Value
  const said = typeof value === 'object' && value !== null && 'error' in value ? value.error : undefined
  if (response.status === 401 && path !== 'session' && !path.startsWith('sign-in')) me.value = 'nobody'
  throw new Refused(response.status, typeof said === 'string' ? said : `The hub refused this (${response.status}).`)
}

/** Listens for news as long as the page is open; the browser itself comes back after a break. */
export function listen(): () => void {
  const source = new EventSource('/admin/api/live')
  source.addEventListener('hello', () => {
    isLive.value = true
    // What changed during a break is found now.
    news.value += 1
  })
  source.addEventListener('changed', () => (news.value += 1))
  source.addEventListener('ended', () => {
    source.close()
    isLive.value = false
    void loadMe().catch(() => undefined)
  })
  source.addEventListener('error', () => (isLive.value = false))
  return () => source.close()
}
