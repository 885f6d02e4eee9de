// A change of the configuration is noticed within a second, however it came about.
import { copyFile, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { watchFiles } from '../../src/config/watch.ts'
import { configFolder, small } from './folder.ts'

/** Within a second. */
const soon = { timeout: 1000, interval: 10 }

async function watching(file: string, folder: string, since?: number) {
  let count = 0
  const watch = await watchFiles({
    files: () => [file, path.join(folder, 'rules.yaml')],
    folders: () => [path.join(folder, 'more')],
    changed: () => {
      count += 1
    },
    ...(since === undefined ? {} : { since }),
  })
  onTestFinished(() => watch.close())
  await sleep(200)
  return {
    count: () => count,
  }
}

test('a file written in place, then replaced by a rename, three times', async () => {
  const { file, folder } = await configFolder()
  const seen = await watching(file, folder)
  await writeFile(file, `${small}// 1\n`)
  await expect.poll(seen.count, soon).toBe(1)
  for (const round of [2, 3, 4]) {
    await writeFile(path.join(folder, 'new.tmp'), `${small}// ${round}\n`)
    await rename(path.join(folder, 'new.tmp'), file)
    await expect.poll(seen.count, soon).toBe(round)
  }
})

test('a broken edit, a deletion and a return are each noticed', async () => {
  const { file, folder } = await configFolder()
  const seen = await watching(file, folder)
  await writeFile(file, '{ broken')
  await expect.poll(seen.count, soon).toBe(1)
  await rm(file)
  await expect.poll(seen.count, soon).toBe(2)
  await writeFile(file, small)
  await expect.poll(seen.count, soon).toBe(3)
})

test('a rule file that changes, and one that comes into a watched folder', async () => {
  const { file, folder } = await configFolder()
  const seen = await watching(file, folder)
  await writeFile(path.join(folder, 'rules.yaml'), 'rules: [x]\n')
  await expect.poll(seen.count, soon).toBe(1)
  await copyFile(path.join(folder, 'rules.yaml'), path.join(folder, 'more', 'b.yaml'))
  await expect.poll(seen.count, soon).toBe(2)
})

test('a link that comes to point elsewhere', async () => {
  const { file, folder } = await configFolder()
  const link = path.join(folder, 'link.json')
  await symlink(file, link)
  const seen = await watching(link, folder)
  await writeFile(path.join(folder, 'other.json'), `${small}// other\n`)
  await symlink(path.join(folder, 'other.json'), path.join(folder, 'link.tmp'))
  await rename(path.join(folder, 'link.tmp'), link)
  await expect.poll(seen.count, soon).toBe(1)
})

test('a burst is one change, and what is not ours is none', async () => {
  const { file, folder } = await configFolder()
  const seen = await watching(file, folder)
  await writeFile(path.join(folder, 'notes.txt'), 'x')
  await writeFile(path.join(folder, 'more', 'c.test.yaml'), 'x')
  await sleep(400)
  expect(seen.count()).toBe(0)
  for (let index = 0; index < 20; index += 1) await writeFile(file, `${small}// ${index}\n`)
  await sleep(500)
  expect(seen.count()).toBe(1)
})

test('what changed after the files were read and before the watch began is reported at once', async () => {
  const { file, folder } = await configFolder()
  const before = Date.now()
  await sleep(50)
  await utimes(file, new Date(), new Date())
  await expect.poll((await watching(file, folder, before)).count, soon).toBe(1)
  await sleep(100)
  expect((await watching(file, folder, Date.now() + 60_000)).count()).toBe(0)
})
