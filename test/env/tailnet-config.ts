import { stringify } from 'yaml';

/** The name that its certificate is for. */
export const HEADSCALE_NAME = 'headscale.realm.test';
/** Where it serves the control protocol and, over the same port, relays. */
export const HEADSCALE_PORT = 8443;

/** A Headscale that asks nobody outside for anything: its own relay is the only one, and it looks for no updates. */
export function headscaleConfig(): string {
  return stringify({
    server_url: `https://${HEADSCALE_NAME}:${HEADSCALE_PORT}`,
    listen_addr: `0.0.0.0:${HEADSCALE_PORT}`,
    metrics_listen_addr: '127.0.0.1:9090',
    grpc_listen_addr: '127.0.0.1:50443',
    tls_cert_path: '/hs/tls.crt',
    tls_key_path: '/hs/tls.key',
    noise: { private_key_path: '/state/noise.key' },
    prefixes: { v4: '100.64.0.0/10', v6: 'fd7a:115c:a1e0::/48', allocation: 'sequential' },
    derp: {
      server: {
        enabled: true,
        region_id: 999,
        region_code: 'own',
        region_name: 'own',
        stun_listen_addr: '0.0.0.0:3478',
        private_key_path: '/state/derp.key',
        automatically_add_embedded_derp_region: true,
      },
      urls: [],
      paths: [],
      auto_update_enabled: false,
    },
    disable_check_updates: true,
    logtail: { enabled: false },
    database: { type: 'sqlite', sqlite: { path: '/state/db.sqlite', write_ahead_log: true } },
    log: { level: 'info', format: 'text' },
    policy: { mode: 'database' },
    dns: { magic_dns: true, base_domain: 'tailnet.test', override_local_dns: false, nameservers: { global: [] } },
    unix_socket: '/run/headscale.sock',
    unix_socket_permission: '0770',
  });
}
