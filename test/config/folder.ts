// A folder with a small valid configuration, for tests that change it.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { onTestFinished } from 'vitest'

export const small = `{
  // Who may do what.
  "connectors": {
    "jira": { "sandbox": true }, // ours
    "slack": {
      "sandbox": true,
      "tools": {
        // Off until the pilot is over.
        "slack_message_send": false, // see the minutes
        "slack_reaction_add": true // fine
      }
    }
  },
  "policies": ["rules.yaml"],
  "people": { "local": { "id": "maya", "roles": ["member"] } }
}
`

/** Makes the folder and writes the configuration; it is gone when the test is. */
export async function configFolder(text: string | Uint8Array = small): Promise<{ folder: string; file: string }> {
  const folder = await mkdtemp(path.join(tmpdir(), 'toolgate-config-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const file = path.join(folder, 'mcp.config.json')
  await writeFile(file, text)
  await writeFile(path.join(folder, 'rules.yaml'), 'rules: []\n')
  await mkdir(path.join(folder, 'more'))
  await writeFile(path.join(folder, 'more', 'a.yaml'), 'rules: []\n')
  await writeFile(path.join(folder, 'more', 'a.test.yaml'), 'scenarios: []\n')
  return { folder, file }
}
