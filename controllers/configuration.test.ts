import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { readConfiguration, type Configuration } from './configuration.ts';
import { UsageError } from './flags.ts';
import { VERSION } from './version.ts';

const KNOWN = ['clusterregistration', 'grant'];
const read = (args: readonly string[], env: NodeJS.ProcessEnv = {}): Configuration | string => readConfiguration(args, env, KNOWN, VERSION);

describe('a configuration', () => {
  it('has defaults that fit a Pod', () => {
    expect(read([])).to.deep.equal({
      controllers: KNOWN,
      namespace: 'keystone-system',
      realmSeed: undefined,
      grantNamespaces: ['keystone-system'],
      capacityReserve: 10,
      probes: { host: undefined, port: 8081 },
      metrics: undefined,
      webhook: undefined,
      leases: { durationMs: 12_000, deadlineMs: 9_000, retryMs: 1_500 },
      logLevel: 'info',
      kubeconfig: undefined,
    });
  });

  it('C-1 · runs any subset of the controllers', () => {
    expect(read(['--controllers=grant']))
      .to.have.property('controllers')
      .that.deep.equals(['grant']);
  });

  it('stands for a Lease unless it is told not to, also when asked as kubebuilder’s operators are', () => {
    expect(read(['--leader-elect'])).to.have.nested.property('leases.durationMs', 12_000);
    expect(read(['--leader-elect=false'])).to.have.property('leases', undefined);
    expect(read(['--leader-elect-retry-period=0.5s'])).to.have.nested.property('leases.retryMs', 500);
  });

  it('serves metrics where it is told to, to those who may', () => {
    expect(read(['--metrics-bind-address=:8443'])).to.have.deep.property('metrics', { host: undefined, port: 8443, secure: true });
    expect(read(['--metrics-bind-address=127.0.0.1:8080', '--metrics-secure=false'])).to.have.nested.property('metrics.secure', false);
  });

  const wrong: { name: string; args?: readonly string[]; env?: NodeJS.ProcessEnv; want: RegExp }[] = [
    { name: 'an unknown flag', args: ['--contollers=grant'], want: /--contollers.*the flags are --controllers/ },
    { name: 'a positional argument', args: ['grant'], want: /grant/ },
    { name: 'a flag without its value', args: ['--kubeconfig'], want: /--kubeconfig/ },
    { name: 'an unknown controller', args: ['--controllers=grant,grnat'], want: /"grnat".*clusterregistration, grant/ },
    { name: 'no controller at all', args: ['--controllers='], want: /clusterregistration, grant/ },
    { name: 'an unknown level', args: ['--log-level=loud'], want: /error, warn, info, debug/ },
    { name: 'an address without a port', args: ['--health-probe-bind-address=localhost'], want: /host:port/ },
    { name: 'a port that is none', args: ['--health-probe-bind-address=:99999'], want: /host:port/ },
    { name: 'a realm that is no DNS label', env: { KEYSTONE_REALM: 'Alice Home' }, want: /KEYSTONE_REALM=Alice Home.*alice-home/ },
    { name: 'a namespace for Grants that is none', args: ['--grant-namespaces=a,B'], want: /"B" is no namespace/ },
    { name: 'a reserve that is no percentage', args: ['--capacity-reserve=1.5'], want: /0 to 90/ },
    { name: 'an election that is neither', args: ['--leader-elect=maybe'], want: /neither true nor false/ },
    { name: 'metrics nowhere', args: ['--metrics-bind-address=8443'], want: /host:port/ },
    { name: 'a duration that is none', args: ['--leader-elect-retry-period=2'], want: /no duration, such as 12s/ },
    { name: 'a leader that would outlive its Lease', args: ['--leader-elect-renew-deadline=12s'], want: /must be longer/ },
    { name: 'a misspelt setting', env: { KEYSTONE_RELAM: 'alice' }, want: /KEYSTONE_RELAM.*KEYSTONE_REALM/ },
    { name: 'a namespace that is none', env: { POD_NAMESPACE: 'a/b' }, want: /POD_NAMESPACE=a\/b/ },
  ];
  for (const { name, args = [], env = {}, want } of wrong) {
    it(`says in one line what is wrong with ${name}, and what is allowed`, () => {
      expect(() => read(args, env))
        .to.throw(UsageError, want)
        .with.property('message')
        .that.does.not.include('\n');
    });
  }

  it('explains every flag, variable and controller', () => {
    expect(read(['--help']))
      .to.include('--controllers')
      .and.include('KEYSTONE_REALM')
      .and.include('grant');
  });

  it('has the version of the package', () => {
    const manifest: unknown = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
    expect(manifest).to.have.property('version', VERSION);
  });
});
