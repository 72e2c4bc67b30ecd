import { InvalidRequest } from '../../lambda/errors';
import { check, isText, oneOf, show, wholeNumber } from '../../lambda/readers';

test('what is shown of a value is short', () => {
  expect(show('x'.repeat(100))).toHaveLength(80);
  expect(show({ a: 1 })).toBe('{"a":1}');
  expect(show(undefined)).toBe('missing');
});

test('a whole number may be a number or digits', () => {
  expect([wholeNumber('n', 3, 1, 5), wholeNumber('n', '3', 1, 5)]).toEqual([3, 3]);
  for (const value of [0, 6, 2.5, NaN, ' 3', '3e0', '0x3', '-3', null, [3]]) {
    expect(() => wholeNumber('n', value, 1, 5)).toThrow(/^n is ".*"; it must be a whole number from 1 to 5$/);
  }
});

test('a value is one of those that are allowed', () => {
  expect(oneOf('m', 'A', ['A', 'B'])).toBe('A');
  expect(() => oneOf('m', 'a', ['A', 'B'])).toThrow('m is "a"; it must be A or B');
});

test('what does not hold is a problem of the request', () => {
  expect(() => check(true, 'it is odd')).not.toThrow();
  expect(() => check(false, 'it is odd')).toThrow(new InvalidRequest('it is odd'));
});

test('a text has a form, and nothing else is one', () => {
  expect([isText('7', /^7$/), isText('8', /^7$/), isText(7, /^7$/), isText(['7'], /^7$/)]).toEqual([
    true,
    false,
    false,
    false,
  ]);
});
