import { VirtualClock } from '../clock';
import { type PolicyDocument, PolicyStore } from '../iam';

const ROLE = 'arn:aws:iam::123456789012:role/service/Backup';
const MANAGED = 'arn:aws:iam::123456789012:policy/Backups';
const TRUST = { Statement: [] };

let store: PolicyStore;
beforeEach(() => {
  store = new PolicyStore({ clock: new VirtualClock() });
});

/** A policy of so many characters, and some white space, which does not count. */
function policy(characters: number): PolicyDocument {
  const document = {
    Version: '2012-10-17',
    Statement: [{ Sid: '', Effect: 'Allow', Action: 'fsx:*', Resource: '*' }],
  };
  document.Statement[0].Sid = 'x'.repeat(characters - JSON.stringify(document).length);
  return document;
}

function trust(characters: number): PolicyDocument {
  const document = {
    Statement: [{ Effect: 'Allow', Principal: { Service: 'a' }, Action: 'sts:AssumeRole', Sid: '' }],
  };
  document.Statement[0].Sid = 'x'.repeat(characters - JSON.stringify(document).length);
  return document;
}

const exceeded = (message: string) =>
  expect.objectContaining({ code: 'LimitExceeded', status: 409, message });

describe('inline policies', () => {
  const refusal = exceeded('Maximum policy size of 10240 bytes exceeded for role Backup');

  test('of a role have at most 10,240 characters together', async () => {
    const inline = { one: policy(10_000), two: policy(240) };
    await store.putRole(ROLE, { trust: TRUST, inline });
    await expect(
      store.putRole(ROLE, { trust: TRUST, inline: { ...inline, two: policy(241) } }),
    ).rejects.toEqual(refusal);
    expect(store.role(ROLE)!.inline).toEqual(inline);
  });

  test('that are put one by one have that, too', async () => {
    await store.putRole(ROLE, { trust: TRUST, inline: { one: policy(6_000) } });
    await store.putPolicy(ROLE, 'two', policy(4_240));
    await expect(store.putPolicy(ROLE, 'three', policy(200))).rejects.toEqual(refusal);
    await store.putPolicy(ROLE, 'one', policy(5_800));
    await store.putPolicy(ROLE, 'three', policy(200));
    expect(Object.keys(store.role(ROLE)!.inline!)).toEqual(['one', 'two', 'three']);
  });

  test('are counted without white space', async () => {
    const document = policy(10_240);
    document.Statement[0].Sid = document.Statement[0].Sid.replace(/x/g, 'x ');
    await store.putRole(ROLE, { trust: TRUST, inline: { one: document } });
    expect(store.role(ROLE)).toBeDefined();
  });
});

describe('a managed policy', () => {
  const refusal = exceeded('Cannot exceed quota for PolicySize: 6144');

  test('has at most 6,144 characters, which do not count as inline', async () => {
    await store.putRole(ROLE, { trust: TRUST, inline: { one: policy(10_240), [MANAGED]: policy(6_144) } });
    await store.putPolicy(ROLE, `${MANAGED}2`, policy(6_144));
    await expect(store.putPolicy(ROLE, `${MANAGED}3`, policy(6_145))).rejects.toEqual(refusal);
  });

  test('that is a boundary has at most as many', async () => {
    await store.putRole(ROLE, { trust: TRUST, permissionsBoundary: policy(6_144) });
    await expect(store.putRole(ROLE, { trust: TRUST, permissionsBoundary: policy(6_145) })).rejects.toEqual(
      refusal,
    );
  });
});

test('a trust policy has at most 2,048 characters', async () => {
  await store.putRole(ROLE, { trust: trust(2_048) });
  await expect(store.putRole(ROLE, { trust: trust(2_049) })).rejects.toEqual(
    exceeded('Cannot exceed quota for ACLSizePerRole: 2048'),
  );
});
