import * as fc from 'fast-check';
import { responseBody, signalBody } from '../../lambda/answer';
import { createEvent } from '../fixtures/events';

const bytes = (body: string) => Buffer.byteLength(body);
const failed = (reason: string, logicalId = 'Backup') =>
  responseBody(
    { ...createEvent(), LogicalResourceId: logicalId },
    { status: 'FAILED', physicalId: 'none-x', reason },
  );

test('a success carries the attributes and no reason', () => {
  const body = JSON.parse(
    responseBody(createEvent(), {
      status: 'SUCCESS',
      physicalId: 'backup-1',
      attributes: { BackupId: 'backup-1' } as any,
    }),
  );
  expect(body).toEqual({
    Status: 'SUCCESS',
    PhysicalResourceId: 'backup-1',
    StackId: createEvent().StackId,
    RequestId: createEvent().RequestId,
    LogicalResourceId: 'Backup',
    NoEcho: false,
    Data: { BackupId: 'backup-1' },
  });
});

test('a failure carries the reason and no attributes', () => {
  const body = JSON.parse(failed('the quota is used up'));
  expect(body.Reason).toBe('the quota is used up');
  expect(body).not.toHaveProperty('Data');
});

test('a failure is never without a reason', () => {
  expect(JSON.parse(failed('\n\t')).Reason).toBe('the reason is unknown');
});

test('control characters and line breaks become spaces', () => {
  expect(JSON.parse(failed('one\n  two\u0000\u001b[31mthree')).Reason).toBe('one two [31mthree');
});

test('a reason has at most 1 KB, cut between characters and marked', () => {
  const { Reason } = JSON.parse(failed('\u{1F4BE}'.repeat(2000)));
  expect(bytes(Reason)).toBeLessThanOrEqual(1024);
  expect(Reason).toMatch(/^(\u{1F4BE})+…$/u);
});

test('a reason of exactly 1 KB is not cut', () => {
  expect(JSON.parse(failed('x'.repeat(1024))).Reason).toHaveLength(1024);
});

test('the response has at most 4096 bytes, whatever the reason', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary', maxLength: 6000 }),
      fc.integer({ min: 1, max: 255 }),
      (reason, length) => {
        const body = failed(reason, 'L'.repeat(length));
        expect(bytes(body)).toBeLessThanOrEqual(4096);
        expect(JSON.parse(body).Status).toBe('FAILED');
      },
    ),
  );
});

describe('a wait condition', () => {
  test('is told the physical id, and a reason, since it must have one', () => {
    expect(
      JSON.parse(
        signalBody({
          status: 'SUCCESS',
          physicalId: 'backup-1',
          attributes: { BackupId: 'backup-1' } as any,
        }),
      ),
    ).toEqual({
      Status: 'SUCCESS',
      UniqueId: 'FsxBackup',
      Data: 'backup-1',
      Reason: expect.stringMatching(/./),
    });
  });

  test('is told of a failure by its own word', () => {
    expect(
      JSON.parse(signalBody({ status: 'FAILED', physicalId: 'backup-1', reason: 'the quota\n is used up' })),
    ).toEqual({
      Status: 'FAILURE',
      UniqueId: 'FsxBackup',
      Data: 'backup-1',
      Reason: 'the quota is used up',
    });
  });

  test('is told every time under the same id, so that only the first time counts', () => {
    const ids = ['one', 'two'].map(
      (physicalId) => JSON.parse(signalBody({ status: 'SUCCESS', physicalId })).UniqueId,
    );
    expect(new Set(ids).size).toBe(1);
  });

  test('is told in at most 4096 bytes, with a reason of at most 1 KB, whatever the reason', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 6000 }), (reason) => {
        const body = signalBody({ status: 'FAILED', physicalId: 'backup-1', reason });
        expect(bytes(body)).toBeLessThanOrEqual(4096);
        expect(bytes(JSON.parse(body).Reason)).toBeLessThanOrEqual(1024);
        expect(JSON.parse(body).Reason).not.toBe('');
      }),
    );
  });
});
