// An anchor in a bucket with object lock: each checkpoint an object that nobody can change or remove for a time.
import { createHash } from 'node:crypto'
import { canonical } from '../../kit/json.ts'
import { checkpointId } from '../checkpoint.ts'
import type { Anchor } from '../anchor.ts'
import { accepted } from '../outside.ts'
import type { Outside } from '../outside.ts'
import type { AnchorSettings } from '../settings.ts'
import { signedHeaders } from './signature-v4.ts'

type S3 = Extract<AnchorSettings, { to: 's3' }>

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html */
export function s3Anchor(settings: S3, outside: Outside): Anchor {
  const { name, region, retainDays } = settings
  return {
    name,
    async push(checkpoints, signal) {
      const [id = '', ...secret] = (await outside.secret(settings.credential)).split(':')
      for (const checkpoint of checkpoints) {
        const url = addressOf(settings, `${settings.prefix}${checkpoint.tenant}/${checkpointId(checkpoint.number)}.json`)
        const body = canonical(checkpoint)
        const now = outside.now()
        const headers = {
          'content-type': 'application/json',
          // A body under object lock must carry its digest.
          'content-md5': createHash('md5').update(body).digest('base64'),
          // The same checkpoint again is no error, and another one under its name is refused.
          'if-none-match': '*',
          'x-amz-object-lock-mode': 'COMPLIANCE',
          'x-amz-object-lock-retain-until-date': new Date(now.getTime() + retainDays * 86_400_000).toISOString(),
        }
        const credential = { id, secret: secret.join(':'), region, service: 's3' }
        const signed = signedHeaders({ method: 'PUT', url, headers, body, now, credential })
        const answer = await outside.fetch(url, { method: 'PUT', headers: signed, body, signal, redirect: 'error' })
        await (answer.status === 412 ? same(url, body) : accepted(answer))

        async function same(there: URL, expected: string): Promise<void> {
          await answer.body?.cancel()
          const asking = signedHeaders({ method: 'GET', url: there, headers: {}, body: '', now, credential })
          const found = await outside.fetch(there, { headers: asking, signal, redirect: 'error' })
          if ((await found.text()) !== expected) throw new Error('Another checkpoint is there under the same number.')
        }
      }
    },
  }
}

function addressOf({ endpoint, bucket, region }: S3, key: string): URL {
  const place = key.split('/').map(encodeURIComponent).join('/')
  if (endpoint === undefined) return new URL(`https://${bucket}.s3.${region}.amazonaws.com/${place}`)
  return new URL(`${endpoint.replace(/\/$/, '')}/${bucket}/${place}`)
}
