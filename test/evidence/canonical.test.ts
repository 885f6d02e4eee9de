// One spelling for every JSON value (RFC 8785), and strict reading: nothing that two readers could understand differently.
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { canonical, digest, parseJson } from '../../src/kit/json.ts'

test('the example of RFC 8785, section 3.2.2', () => {
  const given = String.raw`{
    "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
    "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
    "literals": [null, true, false]
  }`
  const expected = String.raw`{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}`
  expect(canonical(parseJson(given))).toBe(expected)
})

test('properties are sorted by UTF-16 code units (section 3.2.3)', () => {
  const given = {
    '\u20ac': 'Euro Sign',
    '\r': 'Carriage Return',
    '\ufb33': 'Hebrew Letter Dalet With Dagesh',
    1: 'One',
    '\ud83d\ude00': 'Emoji: Grinning Face',
    '\u0080': 'Control',
    '\u00f6': 'Latin Small Letter O With Diaeresis',
  }
  const values = [...canonical(given).matchAll(/:"([^"]+)"/g)].map(([, value]) => value)
  expect(values).toEqual([
    'Carriage Return',
    'One',
    'Control',
    'Latin Small Letter O With Diaeresis',
    'Euro Sign',
    'Emoji: Grinning Face',
    'Hebrew Letter Dalet With Dagesh',
  ])
})

test.for([
  ['0000000000000000', '0'],
  ['8000000000000000', '0'],
  ['0000000000000001', '5e-324'],
  ['8000000000000001', '-5e-324'],
  ['7fefffffffffffff', '1.7976931348623157e+308'],
  ['ffefffffffffffff', '-1.7976931348623157e+308'],
  ['4340000000000000', '9007199254740992'],
  ['c340000000000000', '-9007199254740992'],
  ['4430000000000000', '295147905179352830000'],
  ['44b52d02c7e14af5', '9.999999999999997e+22'],
  ['44b52d02c7e14af6', '1e+23'],
  ['44b52d02c7e14af7', '1.0000000000000001e+23'],
  ['444b1ae4d6e2ef4e', '999999999999999700000'],
  ['444b1ae4d6e2ef4f', '999999999999999900000'],
  ['444b1ae4d6e2ef50', '1e+21'],
  ['3eb0c6f7a0b5ed8c', '9.999999999999997e-7'],
  ['3eb0c6f7a0b5ed8d', '0.000001'],
  ['41b3de4355555553', '333333333.3333332'],
  ['41b3de4355555554', '333333333.33333325'],
  ['41b3de4355555555', '333333333.3333333'],
  ['41b3de4355555556', '333333333.3333334'],
  ['41b3de4355555557', '333333333.33333343'],
  ['becbf647612f3696', '-0.0000033333333333333333'],
  ['43143ff3c1cb0959', '1424953923781206.2'],
] as const)('appendix B: %s is %s', ([bits, text]) => {
  expect(canonical(Buffer.from(bits, 'hex').readDoubleBE())).toBe(text)
})

test.for(['7fffffffffffffff', '7ff0000000000000', 'fff0000000000000'])('appendix B: %s has no spelling', (bits) => {
  expect(() => canonical(Buffer.from(bits, 'hex').readDoubleBE())).toThrow('not finite')
})

test.for([
  ['a property twice', '{"a":1,"a":1}'],
  ['a property twice, spelled differently', '{"a":1,"\\u0061":2}'],
  ['a property twice, deep inside', '{"x":[{"y":{"a":1,"b":2,"a":3}}]}'],
  ['a lone surrogate', '{"a":"\\ud800"}'],
  ['a lone surrogate as a name', '{"\\udc00":1}'],
  ['a number that no double holds', '{"a":1e400}'],
  ['NaN', '{"a":NaN}'],
  ['Infinity', '[Infinity]'],
  ['a comment', '{"a":1 /* one */}'],
  ['two documents', '{}{}'],
  ['a byte order mark', '\ufeff{}'],
] as const)('strict reading refuses %s', ([, text]) => {
  expect(() => parseJson(text)).toThrow(Error)
})

test('what is read strictly is what was written, and its spelling does not depend on the order of its properties', () => {
  fc.assert(
    fc.property(fc.jsonValue({ stringUnit: 'grapheme' }), (value) => {
      const text = canonical(value)
      expect(canonical(parseJson(text))).toBe(text)
      expect(digest(parseJson(JSON.stringify(value)))).toBe(digest(value))
    }),
    { numRuns: 500 },
  )
})

// IDEM-02: what counts as the same arguments, documented by what has the same digest.
test.for([
  ['another order', '{"a":1,"b":2}', '{"b":2,"a":1}', true],
  ['white space between', '{"a":1}', '{ "a" : 1 }', true],
  ['1 and 1.0', '{"a":1}', '{"a":1.0}', true],
  ['white space inside a text', '{"a":"x y"}', '{"a":"x  y"}', false],
  ['composed and decomposed letters', '{"a":"é"}', '{"a":"e\u0301"}', false],
  ['1 and "1"', '{"a":1}', '{"a":"1"}', false],
  ['null and nothing', '{"a":null}', '{}', false],
] as const)('%s', ([, one, other, same]) => {
  expect(digest(parseJson(one)) === digest(parseJson(other))).toBe(same)
})
