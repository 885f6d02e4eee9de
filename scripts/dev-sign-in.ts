// A person in front of a browser, scripted: signs in at the development authorization server and says yes.

/** Follows the sign-in from this address to where it leads back, and returns the address that was led back to. */
export async function signIn(authorizationUrl: URL, person: string): Promise<URL> {
  const cookies = new Map<string, string>()
  let address = authorizationUrl
  let form: URLSearchParams | undefined
  for (let step = 0; step < 20; step += 1) {
    const response = await fetch(address, {
      method: form === undefined ? 'GET' : 'POST',
      redirect: 'manual',
      headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
      ...(form !== undefined && { body: form }),
    })
    for (const cookie of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(cookie) ?? []
      if (name !== undefined) cookies.set(name, value ?? '')
    }
    const location = response.headers.get('location')
    const page = await response.text()
    if (location !== null) {
      const next = new URL(location, address)
      if (next.origin !== authorizationUrl.origin) return next
      address = next
      form = undefined
      continue
    }
    const action = /<form[^>]* action="([^"]+)"/.exec(page)?.[1]
    if (action === undefined)
      throw new Error(`The sign-in shows a page without a form: ${response.status} ${page.slice(0, 300)}`)
    const prompt = page.includes('value="login"') ? 'login' : 'consent'
    form = new URLSearchParams({ prompt, ...(prompt === 'login' && { login: person, password: 'any' }) })
    address = new URL(action, address)
  }
  throw new Error('The sign-in does not end.')
}
