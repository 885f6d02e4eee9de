// What the kit takes out of text before anyone reads or approves it, and what it leaves alone.
import { array, assert, constantFrom, property } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { cutText, visibleText } from 'toolgate/kit'

describe('visible text', () => {
  test.each([
    ['bidirectional marks', 'a\u202eb\u2066c\u2069d\u061ce', 'abcde'],
    ['zero width, fillers and tags', 'a\u200bb\u{e0041}c\u00add\u115fe\u3164f\ufeffg', 'abcdefg'],
    ['colours of a terminal', '\u001b[31mred\u001b[0m', 'red'],
    ['a title, also one without an end', '\u001b]0;title\u0007x\u001b]8;;https://evil.example', 'x'],
    ['control characters', 'a\u0000b\u0007c\u0085d\u007fe', 'abcde'],
    ['joiners and selectors outside of emoji', 'a\u200db\ufe0fc\u{e0100}d', 'abcd'],
    ['two joiners in a row', '👩\u200d\u200d💻', '👩💻'],
    ['half a character', 'a\ud800', 'a\ufffd'],
  ])('is without %s', (_what, text, visible) => {
    expect(visibleText(text)).toBe(visible)
  })

  test.each(['👩‍💻', '🏳️‍🌈', '👩🏽‍🚀', '❤️', '1️⃣', 'Göteborg, Tomás, 東京, العربية', 'tab\there\nand there', '<b> & "q"'])(
    'keeps %j',
    (text) => {
      expect(visibleText(text)).toBe(text)
    },
  )

  test('has one kind of line end', () => {
    expect(visibleText('a\r\nb\rc\u2028d\u2029e\nf')).toBe('a\nb\nc\nd\ne\nf')
  })

  test('is itself when it is cleaned again: what was approved is what is sent', () => {
    const pieces = ['a', '1', '\u20e3', '👩', '🏽', '💻', '\ud83d', '\udc69', '\r', '\n', '\u200d', '\ufe0f', '\u200b']
    const piece = constantFrom(...pieces, '\u001b', '[', ']', '\u0007', 'm', '\u001b[3', '1m')
    assert(
      property(array(piece, { maxLength: 12 }), (some) => {
        const once = visibleText(some.join(''))
        expect(visibleText(once)).toBe(once)
      }),
      { numRuns: 2000 },
    )
  })
})

describe('a cut text', () => {
  test('says that it is one, and never ends in half a character', () => {
    expect(cutText('abc', 3)).toEqual({ text: 'abc', cut: false })
    expect(cutText('abcd', 3)).toEqual({ text: 'abc', cut: true })
    expect(cutText('ab👩', 3)).toEqual({ text: 'ab', cut: true })
  })
})
