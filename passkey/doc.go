// Package passkey is a WebAuthn authenticator and its client in software: it makes an
// ES256 key for one relying party, proves its registration and signs its challenges, with
// nobody and no browser there. It implements what Web Authentication Level 3 asks of a
// client (section 5) and of an authenticator (section 6), makes no request, and needs
// nothing beside the standard library and the public suffix list.
//
// What it tells a relying party is true:
//
//   - the [AAGUID] is its own, so that an administrator can allow or refuse it;
//   - the attestation is none, or that of the key itself (packed, without certificate);
//   - user present (UP) is set always: who runs the program has agreed to that when the
//     passkey was made;
//   - user verified (UV) is set only if the caller says that a secret of the user unlocked
//     the key, see [Properties];
//   - backup eligible (BE) and backed up (BS) say whether the key can be, and is, copied;
//   - the signature counter is 0 for ever, which says that there is none.
//
// A [Credential] holds a private key. It never prints it and it has no JSON form: the only
// way out is [Credential.Snapshot], which is for a store that encrypts.
package passkey
