import { X509Certificate } from 'node:crypto';
import { connect } from 'node:tls';
import { expect } from 'chai';
import { ok } from '../env/api.ts';
import { eventually } from '../env/eventually.ts';
import { api, controlPlane } from '../env/hooks.ts';
import { must } from '../env/operator.ts';
import { kubectlWith } from '../grant/schema.ts';
import { authorities, bundle, SHORT_LIVED } from '../webhook/authorities.ts';
import { useWebhooks } from '../webhook/use.ts';
import type { WebhookReplica } from '../webhook/world.ts';

const SECRET = '/api/v1/namespaces/keystone-system/secrets/keystone-webhook-certificates';

describe('two replicas whose certificates and processes are replaced', () => {
  const world = useWebhooks();

  /** The certificate that a replica shows, and the authority of the bundle that signed it. */
  const shown = async ({ address, port }: WebhookReplica): Promise<X509Certificate> => {
    const socket = connect({ host: address, port, rejectUnauthorized: false });
    try {
      await new Promise((resolve, reject) => socket.once('secureConnect', () => resolve(undefined)).once('error', reject));
      return new X509Certificate(socket.getPeerCertificate().raw);
    } finally {
      socket.destroy();
    }
  };
  it('trust an authority before they show what it signed, and until that has expired', async () => {
    const replica = await world().start(SHORT_LIVED);
    await replica.operator.ready(60_000);
    const first = (await authorities()).at(-1) ?? '';
    const order: string[] = [];
    await eventually(
      async () => {
        const known = (await bundle()).map((pem) => new X509Certificate(pem));
        const leaf = await shown(replica);
        const signer = known.find((ca) => leaf.verify(ca.publicKey));
        expect(signer, 'what is shown is trusted at all times').not.to.equal(undefined);
        const label = (serial = '') => (serial === first ? 'first' : 'next');
        const state = `trusts ${known.map(({ serialNumber }) => label(serialNumber)).join(' and ')}, shows ${label(signer?.serialNumber)}`;
        // Before the first is shown, it is the next of another.
        if (order.length > 0 || state.endsWith('shows first')) if (order.at(-1) !== state) order.push(state);
        expect(known.map(({ serialNumber }) => serialNumber)).not.to.include(first);
      },
      { withinMs: 70_000, everyMs: 20 },
    );
    expect(order.slice(-4)).to.deep.equal([
      'trusts first, shows first',
      'trusts first and next, shows first',
      'trusts first and next, shows next',
      'trusts next, shows next',
    ]);
  });

  it('begin anew where the Secret was deleted, or filled with rubbish', async () => {
    for (const spoil of [
      () => api().call('DELETE', SECRET),
      () =>
        api().call('PATCH', SECRET, {
          contentType: 'application/merge-patch+json',
          body: { data: { '1.tls.crt': 'eA==', '1.tls.key': null } },
        }),
    ]) {
      const old = new Set(await authorities());
      ok(await spoil());
      await eventually(async () => expect((await authorities()).some((serial) => !old.has(serial))).to.equal(true), { withinMs: 20_000 });
    }
  });

  it('are trusted again where somebody applies the registration without a word about it, and that shows no drift', async () => {
    const plane = controlPlane();
    const before = await bundle();
    expect(before).not.to.have.length(0);
    for (const how of [['--server-side'], []]) {
      await must(plane, ['apply', ...how, '-k', 'config/webhook']);
      expect(await bundle(), how.join(' ')).not.to.have.length(0);
      const { code, stdout } = await kubectlWith(['diff', ...how, '-k', 'config/webhook']);
      expect(code, stdout).to.equal(0);
    }
    await must(plane, ['replace', '-f', 'config/webhook/quota.keystone.io.yaml']);
    await eventually(async () => expect(await bundle(), 'once it was replaced').not.to.have.length(0));
  });
});
