import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto';
import { bits, integer, octets, oid, sequence, set, tagged, taggedBytes, text, time, yes } from './der.ts';

/** A certificate and its key, both PEM. */
export interface Identity {
  readonly cert: string;
  readonly key: string;
}

/** From when to when something holds. */
export interface Validity {
  readonly from: Date;
  readonly until: Date;
}

/** Makes an authority that can sign servers and nothing below itself. */
export function issueAuthority(name: string, validity: Validity): Identity {
  const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return certify(
    { subject: name, publicKey: keys.publicKey, privateKey: keys.privateKey, validity, issuer: name, issuerKey: keys.privateKey },
    [
      critical(BASIC_CONSTRAINTS, sequence(yes, integer(Buffer.from([0])))),
      // Signing certificates and lists of revoked ones.
      critical(KEY_USAGE, bits(Buffer.from([0x06]), 1)),
    ],
  );
}

/** Makes a server's certificate for these DNS names, signed by the authority. */
export function issueServer(authority: Identity & { readonly name: string }, names: readonly string[], validity: Validity): Identity {
  const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const issuerKey = createPrivateKey(authority.key);
  const [subject = ''] = names;
  return certify({ subject, publicKey: keys.publicKey, privateKey: keys.privateKey, validity, issuer: authority.name, issuerKey }, [
    critical(BASIC_CONSTRAINTS, sequence()),
    // Digital signatures: all that a TLS handshake asks for.
    critical(KEY_USAGE, bits(Buffer.from([0x80]), 7)),
    extension(EXTENDED_KEY_USAGE, sequence(oid(SERVER_AUTH))),
    extension(SUBJECT_ALT_NAME, sequence(...names.map((name) => taggedBytes(2, Buffer.from(name, 'ascii'))))),
  ]);
}

const ECDSA_WITH_SHA256 = '1.2.840.10045.4.3.2';
const COMMON_NAME = '2.5.4.3';
const SUBJECT_KEY_ID = '2.5.29.14';
const KEY_USAGE = '2.5.29.15';
const SUBJECT_ALT_NAME = '2.5.29.17';
const BASIC_CONSTRAINTS = '2.5.29.19';
const AUTHORITY_KEY_ID = '2.5.29.35';
const EXTENDED_KEY_USAGE = '2.5.29.37';
const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';

const extension = (id: string, value: Uint8Array): Buffer => sequence(oid(id), octets(value));
const critical = (id: string, value: Uint8Array): Buffer => sequence(oid(id), yes, octets(value));

interface Request {
  readonly subject: string;
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
  readonly validity: Validity;
  readonly issuer: string;
  readonly issuerKey: KeyObject;
}

function certify({ subject, publicKey, privateKey, validity, issuer, issuerKey }: Request, extensions: readonly Uint8Array[]): Identity {
  const algorithm = sequence(oid(ECDSA_WITH_SHA256));
  const tbs = sequence(
    // Version 3.
    tagged(0, integer(Buffer.from([2]))),
    integer(serial()),
    algorithm,
    nameOf(issuer),
    sequence(time(validity.from), time(validity.until)),
    nameOf(subject),
    publicKey.export({ type: 'spki', format: 'der' }),
    tagged(
      3,
      sequence(
        ...extensions,
        extension(SUBJECT_KEY_ID, octets(keyId(publicKey))),
        extension(AUTHORITY_KEY_ID, sequence(taggedBytes(0, keyId(createPublicKey(issuerKey))))),
      ),
    ),
  );
  const signature = sign('sha256', tbs, issuerKey);
  return {
    cert: pem('CERTIFICATE', sequence(tbs, algorithm, bits(signature))),
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

/** Unguessable and positive: 127 bits. */
function serial(): Buffer {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x01;
  return bytes;
}

const nameOf = (commonName: string): Buffer => sequence(set(sequence(oid(COMMON_NAME), text(commonName))));

/** The point of a P-256 key, uncompressed, is the end of its DER. */
const POINT_BYTES = 65;
const keyId = (key: KeyObject): Buffer =>
  createHash('sha1')
    .update(key.export({ type: 'spki', format: 'der' }).subarray(-POINT_BYTES))
    .digest();

const pem = (label: string, der: Buffer): string =>
  `-----BEGIN ${label}-----\n${der.toString('base64').replace(/.{1,64}/g, '$&\n')}-----END ${label}-----\n`;
