// A scripted browser with cookies of its own: it opens a page, sends its form, agrees at the vendor, and comes back.

export interface Browser {
  /** One request, without following where it leads. */
  ask(
    url: string,
    init?: { readonly method?: string; readonly form?: Readonly<Record<string, string>>; readonly origin?: string },
  ): Promise<Page>
  /** From a link of the hub to the vendor's own page. */
  toVendor(link: string): Promise<string>
  /** Agrees there as this person; the address to which the vendor sends the browser. */
  agree(vendorPage: string, as: string): Promise<string>
  /** All of it; what the last page says. */
  connect(link: string, as: string): Promise<Page>
  readonly cookies: Map<string, string>
}

export interface Page {
  readonly status: number
  readonly text: string
  readonly location: string | undefined
  readonly headers: Headers
}

export function browser(): Browser {
  const cookies = new Map<string, string>()

  async function ask(url: string, { method = 'GET', form, origin }: Parameters<Browser['ask']>[1] = {}): Promise<Page> {
    const response = await fetch(url, {
      method,
      redirect: 'manual',
      headers: {
        ...(cookies.size > 0 && { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') }),
        ...(method === 'POST' && origin !== '' && { origin: origin ?? new URL(url).origin }),
      },
      ...(form && { body: new URLSearchParams(form) }),
    })
    for (const set of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(set) ?? []
      if (value === '') cookies.delete(name)
      else cookies.set(name, value)
    }
    const location = response.headers.get('location') ?? undefined
    return { status: response.status, text: await response.text(), location, headers: response.headers }
  }

  async function toVendor(link: string): Promise<string> {
    const shown = await ask(link)
    if (shown.status !== 200) throw new Error(`${shown.status}: ${shown.text}`)
    const target = new URL(link)
    const began = await ask(target.origin + target.pathname, { method: 'POST', form: fieldsOf(shown.text) })
    if (began.status !== 303 || began.location === undefined) throw new Error(`${began.status}: ${began.text}`)
    return began.location
  }

  async function agree(vendorPage: string, as: string): Promise<string> {
    const shown = await ask(vendorPage)
    if (shown.status !== 200) throw new Error(`${shown.status}: ${shown.text}`)
    const action = new URL(/<form[^>]* action="([^"]+)"/.exec(shown.text)?.[1] ?? '', vendorPage)
    const button = [...shown.text.matchAll(/<button name="(\w+)" value="(\w+)"/g)].find(([, , value]) => value === as)
    if (!button) throw new Error(`Nobody can agree as ${as}.`)
    const agreed = await ask(action.href, { method: 'POST', form: { ...fieldsOf(shown.text), [button[1] ?? '']: as } })
    if (agreed.location === undefined) throw new Error(`${agreed.status}: ${agreed.text}`)
    return agreed.location
  }

  return {
    ask,
    toVendor,
    agree,
    connect: async (link, as) => await ask(await agree(await toVendor(link), as)),
    cookies,
  }
}

/** The hidden fields of a page's first form. */
export function fieldsOf(html: string): Readonly<Record<string, string>> {
  const form = /<form[\s\S]*?<\/form>/.exec(html)?.[0] ?? ''
  const fields = form.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g)
  return Object.fromEntries([...fields].map(([, name = '', value = '']) => [unescaped(name), unescaped(value)]))
}

function unescaped(text: string): string {
  return text.replace(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)))
}
